internal import Core

/// A few threads that wait for the disk, so that one upload's wait is not another's.
struct SyncThreads: Sendable {
    /// Enough to let a disk gather what several uploads want of it.
    private let queues = (0..<8).map { BlockingQueue("telecine.sync.\($0)") }

    func run(for id: UploadID, _ body: @escaping @Sendable () throws -> Void) async throws {
        try await queues[Int(id.hashValue.magnitude % UInt(queues.count))].run(body)
    }
}
