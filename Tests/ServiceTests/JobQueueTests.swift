import Core
import Foundation
import SQL
import Testing

@testable import Service

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
        try await enqueue(fixture, "later", .viewer, after: .seconds(3600))
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

    /// As if the pauses after crashes were over.
    private func makeDue(_ fixture: Fixture) async throws {
        try await fixture.database.write { try $0.run("UPDATE jobs SET run_at = 0 WHERE state = 'queued'") }
    }

    private func crashes(_ fixture: Fixture) async throws -> [Int64] {
        try await fixture.database.read { try $0.all("SELECT crashes FROM jobs ORDER BY id") }
            .map { try $0.get("crashes") }
    }

    /// Three jobs of which one kills its worker, until nobody knows any more which one it is.
    private func suspects() async throws -> Fixture {
        let fixture = try await Fixture()
        for name in ["innocent", "killer", "bystander"] { try await enqueue(fixture, name) }
        for round in 0..<JobQueue.suspicion {
            for _ in 0..<3 { #expect(try await claimed(fixture, worker: "w\(round)") != nil) }
            try await fixture.queue.release(worker: "w\(round)", crashed: true)
        }
        #expect(try await crashes(fixture) == [3, 3, 3])
        return fixture
    }

    @Test("what crashed with others beside it runs alone from then on, and only what kills its worker counts on")
    func suspicion() async throws {
        let fixture = try await suspects()
        let queue = fixture.queue
        try await enqueue(fixture, "fresh")
        // Others come first after a crash; whoever runs one of them takes no suspect.
        let fresh = try #require(try await queue.claim(lane: .heavy, worker: "busy"))
        #expect(String(decoding: fresh.payload, as: UTF8.self).contains("fresh"))
        try await makeDue(fixture)
        #expect(try await claimed(fixture, worker: "busy") == nil)
        try await queue.finish(fresh.id, worker: "busy")
        // In whichever lane there is a hand free.
        let innocent = try #require(try await queue.claim(lane: .light, worker: "busy"))
        try await enqueue(fixture, "later")
        for lane in Lane.allCases { #expect(try await queue.claim(lane: lane, worker: "busy") == nil) }
        try await queue.finish(innocent.id, worker: "busy")
        for round in JobQueue.suspicion..<JobQueue.maximumCrashes {
            try await makeDue(fixture)
            #expect(try await claimed(fixture, worker: "k\(round)")?.contains("killer") == true)
            #expect(try await claimed(fixture, worker: "k\(round)") == nil)
            try await queue.release(worker: "k\(round)", crashed: true)
        }
        #expect(try await crashes(fixture) == [JobQueue.maximumCrashes, JobQueue.suspicion, 0])
    }

    @Test("a worker that comes back after a crash takes other work before what it is suspected of")
    func pause() async throws {
        let fixture = try await suspects()
        #expect(try await claimed(fixture) == nil)
        try await enqueue(fixture, "fresh")
        #expect(try await claimed(fixture)?.contains("fresh") == true)
    }

    @Test("a lease that ran out is a crash, and its job is there again at once")
    func abandoned() async throws {
        let fixture = try await Fixture()
        try await enqueue(fixture, "a")
        let first = try #require(try await fixture.queue.claim(lane: .heavy, worker: "lost"))
        #expect(try await claimed(fixture) == nil)
        try await fixture.database.write { try $0.run("UPDATE jobs SET lease_until = 1") }
        let second = try #require(try await fixture.queue.claim(lane: .heavy, worker: "w"))
        #expect((second.id, second.crashes, second.attempts) == (first.id, 1, 0))
        let counted = try await fixture.database.read {
            try $0.first("SELECT n FROM job_statistics WHERE outcome = 'crashed'")?.get("n", as: Int64.self)
        }
        #expect(counted == 1)
    }
}
