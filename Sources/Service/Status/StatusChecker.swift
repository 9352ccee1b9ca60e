package import Core

/// Contract 1's status checker: knows how every service does.
package struct StatusChecker: Sendable {
    private let health: Fresh<SystemHealth>

    /// `probes`: one a service; asked together, at most once a second however many ask.
    package init(_ probes: [ServiceProbe]) {
        health = Fresh(for: .seconds(1)) {
            await withTaskGroup(of: (String, ServiceHealth).self) { group in
                for probe in probes {
                    group.addTask { (probe.service.rawValue, await probe.ask()) }
                }
                var services: [String: ServiceHealth] = [:]
                for await (name, health) in group { services[name] = health }
                return SystemHealth(timestamp: Timestamp.now.iso8601WithMilliseconds, services: services)
            }
        }
    }

    /// For a process that is all services.
    package init(own health: Health) {
        self.init(ServiceName.allCases.map { service in ServiceProbe(service) { await health.report(on: service) } })
    }

    package func look() async -> SystemHealth { await health.value }
}

extension ServiceProbe {
    /// What is known of a service that does not answer.
    package static func unreachable(_ service: ServiceName) -> ServiceHealth {
        ServiceHealth(
            service: service.rawValue,
            version: nil,
            uptime: nil,
            timestamp: Timestamp.now.iso8601WithMilliseconds,
            problems: [.init(check: "service", code: "no_answer", reason: "It does not answer.")]
        )
    }
}
