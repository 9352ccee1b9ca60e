internal import Core
internal import Foundation
internal import Media
internal import Service

/// Starts this machine's worker processes, and starts again those that end, until its task is cancelled.
///
/// A worker is `telecine work` of the same binary: a decoder's crash, or a kill, costs one chunk and no request.
struct WorkerSupervisor: Sendable {
    let count: Int
    let executable: String
    /// What the children get besides their names: the settings that came by flags.
    let arguments: [String]
    /// Between two starts of a worker that ends as soon as it has begun.
    var pause = Duration.seconds(2)
    /// Called each time that a worker has ended by itself.
    var onRestart: @Sendable () -> Void = {}
    let queue: JobQueue
    let logger: Logger

    func run() async {
        await withDiscardingTaskGroup { group in
            for slot in 0..<count {
                group.addTask { await keepAlive(slot) }
            }
        }
    }

    private func keepAlive(_ slot: Int) async {
        var generation = 0
        while !Task.isCancelled {
            generation += 1
            let name = "\(ProcessInfo.processInfo.hostName)-\(getpid())-\(slot)-\(generation)"
            let start = ContinuousClock.now
            let ending = await runOnce(name)
            do {
                // What it held is free at once, not when its leases run out. Must happen in a cancelled task too.
                let crashed = !Task.isCancelled
                try await Task { try await queue.release(worker: name, crashed: crashed) }.value
            } catch {
                logger.warning("a worker's jobs wait for their leases", ["error": .string(String(reflecting: error))])
            }
            guard !Task.isCancelled else { return }
            onRestart()
            logger.error("a worker ended and is started again", ["worker": .string(name), "ending": .string(ending)])
            if ContinuousClock.now - start < pause { try? await Task.sleep(for: pause) }
        }
    }

    private func runOnce(_ name: String) async -> String {
        do {
            let result = try await ChildProcess.run(
                executable,
                ["work", "--supervised", "\(getpid())", "--name", name] + arguments,
                environment: ProcessInfo.processInfo.environment.map { "\($0)=\($1)" },
                deadline: .seconds(100 * 365 * 86_400),
                onOutput: { bytes in Console.write(bytes, to: STDERR_FILENO) }
            )
            return "\(result.status) \(result.errorTail)"
        } catch {
            return "\(error)"
        }
    }
}
