internal import Foundation
internal import Synchronization

/// The variants for asynchronous callers: two at once, on threads of their own.
extension PasswordHash {
    /// More would cost 19 MiB each and starve everything else of processors.
    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.name = "telecine.passwords"
        queue.maxConcurrentOperationCount = 2
        return queue
    }()

    /// Some two seconds of waiting: who comes later is told so at once, and tries again.
    private static let mostWaiting = 128
    private static let waiting = Mutex(0)

    /// A new hash with a salt of its own.
    ///
    /// Throws `overloaded` when too many wait.
    package static func hash(_ password: String) async throws -> String {
        try await queued { () throws(Failure) in try hash(password) }
    }

    /// Whether `password` is the one that was hashed; takes as long when `hash` is nil, and is false then.
    ///
    /// Throws `overloaded` when too many wait.
    package static func verify(_ password: String, against hash: String?) async throws -> Bool {
        try await queued { () throws(Failure) in try verify(password, against: hash) }
    }

    private static func queued<T: Sendable>(_ body: @escaping @Sendable () throws(Failure) -> T) async throws -> T {
        let isAccepted = waiting.withLock { waiting in
            guard waiting < mostWaiting else { return false }
            waiting += 1
            return true
        }
        guard isAccepted else { throw Failure.overloaded }
        return try await withCheckedThrowingContinuation { continuation in
            queue.addOperation {
                let result = Result { try body() }
                waiting.withLock { $0 -= 1 }
                continuation.resume(with: result)
            }
        }
    }
}
