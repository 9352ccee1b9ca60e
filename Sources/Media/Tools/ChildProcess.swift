internal import Core
internal import Synchronization

/// The one way to start a program, tests included: Foundation's `Process` (Swift 6.3) reads past the end of a directory
/// entry while it looks for open descriptors, which is fatal where about 1,300 are open.
///
/// The child gets its own process group, no descriptor but its three, and a deadline; teardown always ends in
/// SIGKILL of the whole group. Everything happens on a thread of its own, which lives as long as the child:
/// bubblewrap's and setpriv's parent-death signals watch that thread.
package enum ChildProcess {
    package enum Status: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    package struct Result: Sendable {
        package let status: Status
        /// What it wrote to standard output; empty when `onOutput` took it.
        package let standardOutput: [UInt8]
        /// The last 8 KiB of standard error.
        package let errorTail: String
        /// User and system time of the child and of the children it waited for.
        package let cpuSeconds: Double

        package var succeeded: Bool { status == .exited(0) }
    }

    package enum Failure: Error, Sendable {
        case notStarted(executable: String, errno: Int32)
        case deadlinePassed(errorTail: String)
        /// Standard output went past `outputLimit`.
        case tooMuchOutput(limit: Int)
    }

    /// How much of standard error is kept.
    static let errorTailLimit = 8192

    /// Runs a program to its end.
    ///
    /// - `executable`: an absolute path.
    /// - `deadline`: wall time; past it the child gets SIGTERM and, five seconds later, SIGKILL.
    /// - `outputLimit`: bytes of standard output kept when there is no `onOutput`.
    /// - `onOutput`: called with each piece of standard output, in order, on the child's thread; it may block (the
    ///   child then waits on its pipe), and an error it throws ends the child and is rethrown.
    /// - Throws: `Failure`, `CancellationError` when the task was cancelled, or what `onOutput` threw. An unhappy
    ///   exit status is not an error here.
    package static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String] = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
        deadline: Duration,
        outputLimit: Int = 1 << 20,
        onOutput: (@Sendable (UnsafeRawBufferPointer) throws -> Void)? = nil
    ) async throws -> Result {
        try Task.checkCancellation()
        let cancelled = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await BlockingWork.run("child") {
                var child = try RunningChild(executable, arguments, environment: environment)
                return try child.supervise(
                    until: ContinuousClock.now + deadline,
                    cancelled: cancelled,
                    outputLimit: outputLimit,
                    onOutput: onOutput
                )
            }
        } onCancel: {
            cancelled.set()
        }
    }
}

/// Set by the task's cancellation handler, read by the child's thread.
final class CancellationFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set() { flag.store(true, ordering: .releasing) }
}
