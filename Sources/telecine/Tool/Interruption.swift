internal import Dispatch

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Ctrl-C and SIGTERM as the cancellation of a task, so that a verb can say what is kept.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM]

    /// Runs a body that the first signal cancels; the second ends the process as usual.
    ///
    /// The body begins when signals are listened to: whatever is seen of it, a signal that comes then is honoured.
    static func cancels<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let (heard, listens) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in heard.prefix(signals.count) {}
            return try await body()
        }
        let sources = signals.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setRegistrationHandler {
                // Not before: what is ignored and not listened to is lost. Elsewhere Dispatch has a handler by now, which
                // this would replace.
                #if canImport(Darwin)
                    signal(number, SIG_IGN)
                #endif
                listens.yield()
            }
            source.setEventHandler {
                signal(number, SIG_DFL)
                task.cancel()
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in signals { signal(number, SIG_DFL) }
        }
        return try await task.value
    }
}
