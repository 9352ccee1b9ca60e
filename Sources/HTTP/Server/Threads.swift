#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Threads of our own, for what blocks and must not hold the cooperative pool.
enum Threads {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Calls with every signal blocked, which threads created meanwhile inherit: signals are the main program's.
    static func withSignalsBlocked<Result>(_ body: () throws -> Result) rethrows -> Result {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }

    /// Runs a closure on a new detached thread.
    static func run(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        let isStarted = withSignalsBlocked { start(work) }
        precondition(isStarted, "the process cannot create a thread")
    }

    private static func start(_ work: UnsafeMutableRawPointer) -> Bool {
        #if canImport(Glibc)
            var thread = pthread_t()
            let result = pthread_create(
                &thread,
                nil,
                { work in
                    if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
                    return nil
                },
                work
            )
            guard result == 0 else { return false }
            pthread_detach(thread)
        #else
            var thread: pthread_t?
            let result = pthread_create(
                &thread,
                nil,
                { work in
                    Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body()
                    return nil
                },
                work
            )
            guard result == 0, let thread else { return false }
            pthread_detach(thread)
        #endif
        return true
    }
}
