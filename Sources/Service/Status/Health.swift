package import Core
internal import Synchronization

/// How this process does: its checks, looked at together at most once a second however many ask.
package struct Health: Sendable {
    private let findings: Fresh<[HealthFinding]>
    private let begin = ContinuousClock.now

    /// - Parameters:
    ///   - checks: each name once.
    ///   - freshness: how old an answer may be.
    ///   - patience: how long a check may take; one that takes longer is a problem, and is not begun again before it
    ///     has ended.
    package init(
        _ checks: [HealthCheck],
        freshness: Duration = .seconds(1),
        patience: Duration = .seconds(5)
    ) {
        let busy = Busy()
        findings = Fresh(for: freshness) {
            await withTaskGroup(of: (Int, HealthFinding).self) { group in
                for (index, check) in checks.enumerated() {
                    group.addTask {
                        let problem = await busy.look(check, patience)
                        return (index, HealthFinding(check: check.name, problem: problem))
                    }
                }
                var found: [(Int, HealthFinding)] = []
                for await one in group { found.append(one) }
                return found.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
    }

    /// Every check's, in their order.
    package func look() async -> [HealthFinding] { await findings.value }

    /// Time since this process began.
    package var uptime: Duration { ContinuousClock.now - begin }

    /// What `/health` says of a service; nil for the process as a whole.
    package func report(on service: ServiceName?) async -> ServiceHealth {
        let problems = await look().compactMap { finding -> ServiceHealth.Problem? in
            guard let problem = finding.problem, service?.checks.contains(finding.check) ?? true else { return nil }
            return ServiceHealth.Problem(check: finding.check.rawValue, code: problem.code, reason: problem.reason)
        }
        return ServiceHealth(
            service: service?.rawValue ?? "telecine",
            version: Release.version,
            uptime: (uptime.inSeconds * 10).rounded() / 10,
            timestamp: Timestamp.now.iso8601WithMilliseconds,
            problems: problems
        )
    }

    /// Shows each check as a gauge.
    package func show(in metrics: Metrics) {
        let gauge = metrics.gauge("telecine_health_check_up", "1 when what was looked at is well.", labels: "check")
        metrics.beforeReading {
            for finding in await look() { gauge.set(finding.problem == nil ? 1 : 0, finding.check.rawValue) }
        }
    }
}

/// Looks with a deadline: a disk that hangs must not hang those who ask.
private final class Busy: Sendable {
    private let running = Mutex<Set<HealthCheck.Name>>([])

    func look(_ check: HealthCheck, _ patience: Duration) async -> HealthProblem? {
        guard running.withLock({ $0.insert(check.name).inserted }) else { return .silent }
        return await withCheckedContinuation { continuation in
            let answer = Answer(continuation)
            // Neither is awaited: who hangs in the system cannot be cancelled.
            let timer = Task {
                do { try await Task.sleep(for: patience) } catch { return }
                answer.give(.silent)
            }
            Task {
                let problem = await check.look()
                running.withLock { _ = $0.remove(check.name) }
                timer.cancel()
                answer.give(problem)
            }
        }
    }

    /// The first answer counts.
    private final class Answer: Sendable {
        private let waiting: Mutex<CheckedContinuation<HealthProblem?, Never>?>

        init(_ continuation: CheckedContinuation<HealthProblem?, Never>) { waiting = Mutex(continuation) }

        func give(_ problem: HealthProblem?) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(returning: problem)
        }
    }
}
