internal import Dispatch

/// A serial thread of its own for calls that block, so that the cooperative pool never waits for a disk.
struct BlockingQueue: Sendable {
    private enum Place {
        case queue(DispatchQueue)
        case patient(PatientThread)
    }

    private let place: Place

    /// `isPatient`: whether everything else goes first.
    init(_ label: String, isPatient: Bool = false) {
        place = isPatient ? .patient(PatientThread(label)) : .queue(DispatchQueue(label: label))
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            later { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    func run(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            later {
                body()
                continuation.resume()
            }
        }
    }

    func later(_ body: @escaping @Sendable () -> Void) {
        switch place {
        case .queue(let queue): queue.async(execute: body)
        case .patient(let thread): thread.later(body)
        }
    }
}
