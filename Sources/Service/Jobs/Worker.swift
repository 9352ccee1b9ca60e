package import Core
internal import Media
internal import Synchronization
internal import SQL

/// Claims jobs and runs them, one at a time in each slot, until its task is cancelled.
///
/// Cancelling drains: running jobs are cancelled too (their children are killed) and given back, so that
/// another worker starts them again at once.
package struct Worker: Sendable {
    let name: String
    let queue: JobQueue
    let context: ProcessingContext
    let slots: [Lane]
    let logger: Logger

    /// - `name`: unique among living workers; `serve` gives leases back by it.
    /// - `slots`: one lane an element; how many jobs of it run at once.
    package init(name: String, queue: JobQueue, context: ProcessingContext, slots: [Lane], logger: Logger) {
        self.name = name
        self.queue = queue
        self.context = context
        self.slots = slots
        self.logger = logger
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await sayItLives() }
            for lane in slots {
                group.addTask { await work(lane: lane) }
            }
        }
        do {
            // The tasks of this scope are cancelled; giving back must still happen.
            try await Task { try await queue.release(worker: name, crashed: false) }.value
        } catch {
            logger.warning("could not give leases back; they run out by themselves", ["error": .string("\(error)")])
        }
    }

    /// So that somebody misses it when it does not.
    private func sayItLives() async {
        let start = Timestamp.now
        while !Task.isCancelled {
            do {
                try await queue.announce(name, slots: slots.count, since: start)
            } catch {
                logger.warning("a worker could not say that it lives", ["error": .string(String(reflecting: error))])
            }
            do { try await Task.sleep(for: Workers.interval) } catch { return }
        }
    }

    private func work(lane: Lane) async {
        var lastChange: Int64 = -1
        while !Task.isCancelled {
            do {
                if let claim = try await queue.claim(lane: lane, worker: name) {
                    await run(claim)
                    continue
                }
                try await waitForChange(since: &lastChange)
            } catch is CancellationError {
                return
            } catch {
                logger.error("a worker could not reach the queue", ["error": .string(String(reflecting: error))])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Returns when another process has changed the database, or after a second: jobs can also become due by time.
    private func waitForChange(since last: inout Int64) async throws {
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(50))
            let counter = try await queue.database.changeCounter()
            if counter != last {
                last = counter
                return
            }
        }
    }

    private func run(_ claim: JobQueue.Claim) async {
        await Trace.$requestID.withValue(claim.requestID) {
            do {
                guard let job = try await decode(claim) else { return }
                try await settle(claim, job)
            } catch {
                logger.error(
                    "a job's outcome could not be recorded; its lease will run out",
                    ["job": .integer(claim.id.rawValue), "error": .string(String(reflecting: error))]
                )
            }
        }
    }

    /// The job, or nil when this worker cannot run it and it was put where it belongs.
    private func decode(_ claim: JobQueue.Claim) async throws -> (any Job)? {
        do {
            if let job = try JobKinds.decode(kind: claim.kind, payload: claim.payload) { return job }
        } catch let error as DecodingError {
            logger.error(
                "job buried: its payload cannot be read",
                [
                    "job": .integer(claim.id.rawValue), "kind": .string(claim.kind),
                    "error": .string(String(reflecting: error)),
                ]
            )
            try await queue.bury(claim.id, worker: name, reason: "The payload cannot be read.")
            return nil
        }
        // A newer release wrote it: leave it to a worker that knows it.
        try await queue.retry(claim.id, worker: name, after: .seconds(30), reason: nil)
        return nil
    }

    private func settle(_ claim: JobQueue.Claim, _ job: any Job) async throws {
        let start = ContinuousClock.now
        if claim.crashes >= JobQueue.maximumCrashes {
            return try await bury(claim, job, reason: "Processing this file stopped the worker again and again.")
        }
        let result = await withHeartbeat(claim) { try await job.run(in: context) }
        let time = ContinuousClock.now - start
        var fields: [String: JSONValue] = [
            "job": .integer(claim.id.rawValue), "kind": .string(claim.kind), "subject": .string(job.subject),
            "seconds": .number(time.inSeconds),
        ]
        switch result {
        case .success(.done):
            try await queue.finish(claim.id, worker: name, took: time)
            logger.info("job done", fields)
        case .success(.snooze(let delay)):
            try await queue.retry(claim.id, worker: name, after: delay, reason: nil)
        case .success(.cancel(let reason)):
            try await bury(claim, job, reason: reason, took: time)
        case .failure(let error) where error is CancellationError || Task.isCancelled:
            logger.info("job given up", fields)
        case .failure(let error) where Self.isDiskFull(error):
            fields["error"] = .string(String(reflecting: error))
            logger.warning("the disk is full: the job waits for room", fields)
            try await queue.retry(claim.id, worker: name, after: Self.waitForRoom, reason: nil)
        case .failure(let error):
            fields["error"] = .string(String(reflecting: error))
            let attempts = claim.attempts + 1
            let isHopeless = (error as? MediaError)?.isPermanent ?? false
            guard attempts < type(of: job).attempts, !isHopeless else {
                return try await bury(claim, job, reason: Self.publicReason(error), took: time)
            }
            logger.warning("job failed, will be tried again", fields)
            try await queue.retry(
                claim.id,
                worker: name,
                after: .seconds(1 << min(attempts, 8)),
                reason: "\(error)",
                took: time
            )
        }
    }

    private func bury(
        _ claim: JobQueue.Claim,
        _ job: any Job,
        reason: String,
        took time: Duration = .zero
    ) async throws {
        logger.error(
            "job buried",
            [
                "job": .integer(claim.id.rawValue), "kind": .string(claim.kind), "subject": .string(job.subject),
                "reason": .string(reason),
            ]
        )
        try await queue.bury(claim.id, worker: name, reason: reason, took: time) {
            try job.buried(reason: reason, in: $0)
        }
    }

    /// How long a job waits before it looks again whether the disk has room.
    private static let waitForRoom = Duration.seconds(30)

    /// Whether it was no fault of the job's: with room on the disk it will succeed.
    static func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as ServiceError: error.code == .insufficientStorage
        case let error as SQLError: error.kind == .full
        // In ffmpeg's words, which are strerror's.
        case let error as MediaError: error.detail.contains("No space left on device")
        default: false
        }
    }

    /// What a person may read of an error that ended a job.
    static func publicReason(_ error: any Error) -> String {
        (error as? ServiceError)?.message ?? (error as? MediaError)?.message ?? "Processing failed."
    }

    /// Runs the body while extending its lease; cancels it when the lease is lost.
    private func withHeartbeat(
        _ claim: JobQueue.Claim,
        _ body: @escaping @Sendable () async throws -> JobOutcome
    ) async -> Result<JobOutcome, any Error> {
        await withTaskGroup(of: Result<JobOutcome, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: queue.lease / 5)
                    if Task.isCancelled { break }
                    // A database that is busy for a moment does not end the job: the lease is longer than that.
                    guard (try? await queue.heartbeat(claim.id, worker: name)) != false else {
                        return .failure(CancellationError())
                    }
                }
                return nil
            }
            for await result in group {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            return .failure(CancellationError())
        }
    }
}
