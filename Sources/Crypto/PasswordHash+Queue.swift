internal import Foundation
internal import Synchronization

/// The variants for asynchronous callers: on threads of their own, not on Swift's.
extension PasswordHash {
    /// A new hash with a salt of its own.
    ///
    /// Throws `overloaded` when too many wait.
    package static func hash(_ password: String) async throws -> String {
        try await Queue.shared.run { () throws(Failure) in try hash(password) }
    }

    /// Whether `password` is the one that was hashed; takes as long when `hash` is nil, and is false then.
    ///
    /// Throws `overloaded` when too many wait.
    package static func verify(_ password: String, against hash: String?) async throws -> Bool {
        try await Queue.shared.run { () throws(Failure) in try verify(password, against: hash) }
    }

    /// Two at once: more would cost 19 MiB each and starve everything else of processors.
    final class Queue: Sendable {
        static let shared = Queue()

        /// Some two seconds of waiting: who comes later is told so at once, and tries again.
        static let mostWaiting = 128

        private let waiting = Mutex(0)
        private let queue: OperationQueue

        init() {
            queue = OperationQueue()
            queue.name = "telecine.passwords"
            queue.maxConcurrentOperationCount = 2
        }

        func run<T: Sendable>(_ body: @escaping @Sendable () throws(Failure) -> T) async throws -> T {
            let isAccepted = waiting.withLock { waiting in
                guard waiting < Self.mostWaiting else { return false }
                waiting += 1
                return true
            }
            guard isAccepted else { throw Failure.overloaded }
            return try await withCheckedThrowingContinuation { continuation in
                queue.addOperation {
                    let result = Result { try body() }
                    self.waiting.withLock { $0 -= 1 }
                    continuation.resume(with: result)
                }
            }
        }
    }
}
