internal import Dispatch
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A serial thread that gets the time nobody else wants: for work that no client waits for.
///
/// Ends, after what it was given, when nobody holds it any more.
final class PatientThread: Sendable {
    private final class Work: Sendable {
        let jobs = Mutex<(waiting: [@Sendable () -> Void], isEnding: Bool)>(([], false))
        let signal = DispatchSemaphore(value: 0)
    }

    private let work = Work()

    init(_ name: String) {
        let work = work
        let thread = Thread { Self.run(work) }
        thread.name = name
        thread.start()
    }

    deinit {
        work.jobs.withLock { $0.isEnding = true }
        work.signal.signal()
    }

    func later(_ body: @escaping @Sendable () -> Void) {
        work.jobs.withLock { $0.waiting.append(body) }
        work.signal.signal()
    }

    private static func run(_ work: Work) {
        #if canImport(Glibc)
            // On Linux this is the calling thread's alone. A refusal leaves it a thread like the others.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 15)
        #else
            _ = setpriority(PRIO_DARWIN_THREAD, 0, PRIO_DARWIN_BG)
        #endif
        while true {
            work.signal.wait()
            let (job, isOver) = work.jobs.withLock { jobs in
                let job = jobs.waiting.isEmpty ? nil : jobs.waiting.removeFirst()
                return (job, job == nil && jobs.isEnding)
            }
            if isOver { return }
            job?()
        }
    }
}
