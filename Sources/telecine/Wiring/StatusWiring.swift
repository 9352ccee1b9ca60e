internal import API
internal import Core
internal import Foundation
internal import HTTPClient
internal import Media
internal import Service

/// What looks after an installation's health.
extension Installation {
    /// `tools`: as they were found at start.
    func health(_ tools: MediaTools) -> Health {
        // Those that are made at start may be mounts of their own.
        let folders = [settings.dataDir] + ["staging", "objects"].map { "\(settings.dataDir)/\($0)" }
        return Health([
            .database(database), .migrations(database),
            .storage(folders, leaving: settings.readiness.freeSpace),
            .tools([tools.ffmpeg, tools.ffprobe].compactMap(\.self)),
            .workers(database, expected: settings.workers > 0),
            .queue(database, limit: settings.readiness.queueAge),
        ])
    }

    /// `metrics` show the state of all services too, where this process is all of them or watches the others.
    func status(_ tools: MediaTools, of only: ServiceChoice, showing metrics: Metrics) -> ServiceStatus {
        let health = health(tools)
        let path = DataFolder.databasePath(settings)
        let reader = StatusReader(database: database, folder: settings.dataDir, files: [path, path + "-wal"])
        health.show(in: metrics)
        // One of several services that all told the same would have it counted several times.
        if only.does(.status) { StatusMetrics.show(reader, in: metrics, logger: logger) }
        let checker = only.isAll ? StatusChecker(own: health) : StatusChecker(probes(from: only, health))
        return ServiceStatus(health: health, checker: checker, reader: reader)
    }

    /// Itself and the workers are looked at, the services of other processes are asked.
    private func probes(from only: ServiceChoice, _ health: Health) -> [ServiceProbe] {
        var configuration = HTTPClient.Configuration()
        configuration.allowsPrivateAddresses = true
        configuration.connectTimeout = .seconds(2)
        configuration.totalTimeout = .seconds(4)
        let client = HTTPClient(configuration)
        return ServiceName.allCases.map { service in
            guard service != only.service, let address = settings.serviceURLs[service] else {
                return ServiceProbe(service) { await health.report(on: service) }
            }
            return ServiceProbe(service) {
                do {
                    let answer = try await client.fetch(OutgoingRequest("GET", address + "/health"), upTo: 64 << 10)
                    return try JSONDecoder().decode(ServiceHealth.self, from: Data(answer.body))
                } catch {
                    return ServiceProbe.unreachable(service)
                }
            }
        }
    }
}
