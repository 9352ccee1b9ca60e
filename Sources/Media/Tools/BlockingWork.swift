internal import Foundation

/// Runs work that blocks (a child's pipes, file reading) on a thread of its own, never on the cooperative pool.
enum BlockingWork {
    static func run<Value: Sendable>(
        _ name: String,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Swift.Result(catching: body)) }
            thread.name = name
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}
