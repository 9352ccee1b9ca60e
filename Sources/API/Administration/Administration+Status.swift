internal import Core
internal import HTTP
internal import Service

/// `/api/admin/status`: what the status page shows to administrators beside the services.
extension Administration {
    private struct Trouble: Encodable {
        let check: String
        let code: String
        let reason: String
        let detail: String?
    }

    private struct Queue: Encodable {
        let kind: String
        var waiting = 0
        var running = 0
        var failed = 0
    }

    private struct WorkerLine: Encodable {
        let name: String
        let version: String
        let slots: Int
        let startedAt: String
        let seenAt: String
    }

    private struct Storage: Encodable {
        let free: Int64?
        let size: Int64?
        /// Bytes by kind.
        let kinds: [String: Int64]
    }

    private struct Speed: Encodable {
        let rung: String
        /// Seconds of media made in a second, since counting began.
        let speed: Double
    }

    private struct Failure: Encodable {
        let id: JobID
        let kind: String
        let subject: String
        /// The page of the medium that it worked for.
        let watch: String?
        let reason: String?
        let createdAt: String
    }

    private struct Overview: Encodable {
        let version: String
        /// Seconds since this process began.
        let uptime: Double
        let problems: [Trouble]
        let queue: [Queue]
        /// Seconds for which the oldest job that could run has waited; absent when none waits.
        let oldestWaiting: Double?
        let workers: [WorkerLine]
        let storage: Storage
        let encoding: [Speed]
        let failures: [Failure]
    }

    @Sendable func overview(_ request: Request, _ principal: Principal) async throws -> Response {
        let problems = await status.health.look().compactMap { finding in
            finding.problem.map { problem in
                Trouble(
                    check: finding.check.rawValue,
                    code: problem.code,
                    reason: problem.reason,
                    detail: problem.detail.isEmpty ? nil : problem.detail
                )
            }
        }
        let standing = try await status.reader.read()
        return try .json(
            Overview(
                version: Release.version,
                uptime: status.health.uptime.inSeconds,
                problems: problems,
                queue: Self.queue(standing.jobs),
                oldestWaiting: standing.oldest.values.max()?.inSeconds,
                workers: standing.workers.map(Self.line),
                storage: Storage(free: standing.disk?.free, size: standing.disk?.size, kinds: standing.storage),
                encoding: standing.encodings.compactMap(Self.speed),
                failures: standing.failures.map(Self.failure)
            )
        )
    }

    private static func queue(_ counts: [QueueOverview.Count]) -> [Queue] {
        var lines: [String: Queue] = [:]
        for count in counts {
            var line = lines[count.kind] ?? Queue(kind: count.kind)
            switch count.state {
            case "queued": line.waiting = count.count
            case "running": line.running = count.count
            default: line.failed += count.count
            }
            lines[count.kind] = line
        }
        return lines.values.sorted { $0.kind < $1.kind }
    }

    private static func line(_ worker: Workers.Worker) -> WorkerLine {
        WorkerLine(
            name: worker.name,
            version: worker.version,
            slots: worker.slots,
            startedAt: worker.startedAt.iso8601,
            seenAt: worker.seenAt.iso8601
        )
    }

    private static func speed(_ encoding: Standing.Encoding) -> Speed? {
        guard encoding.time > .zero else { return nil }
        let speed = encoding.media.inSeconds / encoding.time.inSeconds
        return Speed(rung: encoding.rung, speed: (speed * 100).rounded() / 100)
    }

    private static func failure(_ job: JobRecord) -> Failure {
        Failure(
            id: job.id,
            kind: job.kind,
            subject: job.subject,
            watch: job.asset.map { "/watch/\($0.contractName)" },
            reason: job.reason,
            createdAt: job.createdAt.iso8601
        )
    }
}
