import Testing

@testable import TelecineClient

@Suite struct ClientPlanTests {
    @Test("chunks cover the file exactly, the last one shorter", arguments: [1, 9, 10, 11, 99, 100, 101])
    func plan(_ size: Int) throws {
        let plan = try ChunkPlan(fileSize: Int64(size), chunkSize: 10)
        let chunks = (0..<plan.total).compactMap { plan.chunk($0) }
        #expect(chunks.count == plan.total && chunks.reduce(0) { $0 + $1.length } == size)
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.offset + Int64($0.length) == $1.offset })
        #expect(plan.chunk(plan.total) == nil && plan.chunk(-1) == nil)
        #expect(throws: TelecineError.self) { try ChunkPlan(fileSize: Int64(size), chunkSize: 0) }
    }

    @Test("pauses double up to the longest, honour the service within it, and end")
    func backoff() {
        let backoff = Backoff(attempts: 5, first: .seconds(1), longest: .seconds(4))
        #expect(
            (1...5).map { backoff.pause(after: $0, asked: nil, jitter: 1) } == [
                .seconds(1), .seconds(2), .seconds(4), .seconds(4), nil,
            ]
        )
        #expect(backoff.pause(after: 1, asked: nil, jitter: 0) == .milliseconds(500))
        #expect(backoff.pause(after: 1, asked: .seconds(3), jitter: 0) == .seconds(3))
        #expect(backoff.pause(after: 1, asked: .seconds(300), jitter: 0) == .seconds(4))
    }
}
