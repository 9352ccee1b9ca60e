import Core
import Foundation
import SQL
import Service
import Testing

private struct Errand: Job {
    static let kind = "test.errand"
    static let lane = Lane.heavy
    let name: String
    var subject: String { "test" }
    func run(in context: ProcessingContext) async throws -> JobOutcome { .done }
}

@Suite struct JobQueueTests {
    private func enqueue(_ fixture: Fixture, _ name: String, _ priority: Priority = .normal, after: Duration = .zero)
        async throws
    {
        try await fixture.database.write {
            try JobQueue.enqueue(Errand(name: name), priority: priority, after: after, in: $0)
        }
    }

    private func claimed(_ fixture: Fixture, worker: String = "w") async throws -> String? {
        try await fixture.queue.claim(lane: .heavy, worker: worker).map { String(decoding: $0.payload, as: UTF8.self) }
    }

    @Test("the most urgent job comes first, then the oldest, and one that is not due does not come")
    func order() async throws {
        let fixture = try await Fixture()
        try await enqueue(fixture, "later", .viewer, after: .seconds(60))
        try await enqueue(fixture, "first")
        try await enqueue(fixture, "second")
        try await enqueue(fixture, "urgent", .viewer)
        for name in ["urgent", "first", "second"] {
            #expect(try await claimed(fixture)?.contains("\"\(name)\"") == true)
        }
        #expect(try await claimed(fixture) == nil)
        #expect(try await fixture.queue.claim(lane: .light, worker: "w") == nil)
    }

    @Test("many workers at once never share a job")
    func exclusive() async throws {
        let fixture = try await Fixture()
        for number in 0..<40 { try await enqueue(fixture, "\(number)") }
        let queue = fixture.queue
        let taken = try await withThrowingTaskGroup(of: [JobID].self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var mine: [JobID] = []
                    while let claim = try await queue.claim(lane: .heavy, worker: "w\(worker)") {
                        mine.append(claim.id)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.count == 40)
        #expect(Set(taken).count == 40)
    }

    @Test("a worker that is known dead gives its job back at once; the old one cannot finish it any more")
    func release() async throws {
        let fixture = try await Fixture()
        try await enqueue(fixture, "a")
        let first = try #require(try await fixture.queue.claim(lane: .heavy, worker: "dead"))
        try await fixture.queue.release(worker: "dead", crashed: true)
        let second = try #require(try await fixture.queue.claim(lane: .heavy, worker: "alive"))
        #expect(second.id == first.id)
        #expect(try await fixture.queue.heartbeat(first.id, worker: "dead") == false)
        try await fixture.queue.finish(first.id, worker: "dead")
        #expect(try await fixture.queue.heartbeat(first.id, worker: "alive"))
        #expect(second.attempts == 0, "a crash is no failed attempt")
    }

    @Test("a failure comes back later and counts; a buried job keeps its reason and is not claimed")
    func failure() async throws {
        let fixture = try await Fixture()
        try await enqueue(fixture, "a")
        let first = try #require(try await fixture.queue.claim(lane: .heavy, worker: "w"))
        try await fixture.queue.retry(first.id, worker: "w", after: .zero, reason: "no luck")
        let second = try #require(try await fixture.queue.claim(lane: .heavy, worker: "w"))
        #expect(second.attempts == 1)
        try await fixture.queue.bury(second.id, worker: "w", reason: "never")
        #expect(try await claimed(fixture) == nil)
        let row = try await fixture.database.read { try $0.first("SELECT state, reason FROM jobs") }
        #expect(try row?.get("state", as: String.self) == "dead")
        #expect(try row?.get("reason", as: String.self) == "never")
    }

    @Test("a job enqueued in a transaction that fails does not exist")
    func transactional() async throws {
        let fixture = try await Fixture()
        struct Abort: Error {}
        await #expect(throws: (any Error).self) {
            try await fixture.database.write { transaction in
                try JobQueue.enqueue(Errand(name: "ghost"), in: transaction)
                throw Abort()
            }
        }
        #expect(try await claimed(fixture) == nil)
    }

    @Test("cancelling a subject takes a running job from its worker")
    func cancel() async throws {
        let fixture = try await Fixture()
        try await enqueue(fixture, "a")
        let claim = try #require(try await fixture.queue.claim(lane: .heavy, worker: "w"))
        try await fixture.database.write { try JobQueue.cancel(subject: "test", in: $0) }
        #expect(try await fixture.queue.heartbeat(claim.id, worker: "w") == false)
    }
}
