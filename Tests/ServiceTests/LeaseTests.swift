import Core
import Foundation
import Synchronization
import Testing

@testable import Service

/// One writer at a time, and nobody waits for the dead.
@Suite struct LeaseTests {
    @Test("a silent request lets go when another comes, and its bytes stay")
    func takeover() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2000)
        let id = try await ingest.beginAppended(2000)
        let silent = try await ingest.appendAndStall(Array(bytes[..<600]), to: id, at: 0)
        try await ingest.append(Array(bytes[600...]), to: id, at: 600)
        #expect(await code { _ = try await silent.value } == .conflict)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
    }

    @Test("a phone that comes back waits for half a second at most, where the machine has nothing else to do")
    func promise() {
        let silence = IngestConfiguration(stagingDirectory: "").silence
        #expect(silence <= .milliseconds(250) && silence < LeaseTable.patience)
        #expect(LeaseTable.patience <= .milliseconds(500))
    }

    @Test("a client that asks where to go on gets an offset that stands still")
    func settled() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(2000)
        let silent = try await ingest.appendAndStall([1, 2, 3], to: id, at: 0)
        #expect(try await ingest.look(id, for: Fixture.owner, settling: true).offset == 3)
        #expect(await code { _ = try await silent.value } == .conflict)
    }

    @Test("looking, strangers and wrong offsets take no connection that is receiving")
    func receiving() async throws {
        let fixture = try await Fixture()
        var configuration = IngestConfiguration(stagingDirectory: fixture.folder + "/staging")
        // Whatever else this machine does meanwhile, the sender below is not silent.
        configuration.silence = .seconds(3600)
        let ingest = try Ingest(
            database: fixture.database,
            store: fixture.store,
            configuration: configuration,
            logger: .silent
        )
        let id = try await ingest.beginAppended(nil)
        let isOver = Mutex(false)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        let piece = AppendedPiece(offset: 0, declaredLength: nil)
        let sender = Task {
            try await ingest.append(piece, to: id, for: Fixture.owner) { writer in
                while !isOver.withLock({ $0 }) {
                    try [UInt8](repeating: 7, count: 10).withUnsafeBytes { try writer.write($0) }
                    signal.yield()
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
        for await _ in begun { break }
        #expect(await code { try await ingest.append([1], to: id, at: 0) } == .offsetMismatch)
        #expect(await code { try await ingest.append([1], to: id, at: 900_000) } == .offsetMismatch)
        let other = AppendedPiece(offset: 0, declaredLength: 1)
        #expect(await code { _ = try await ingest.append(other, to: id, for: Fixture.stranger) { _ in } } == .forbidden)
        let seen = try #require(try await ingest.look(id, for: Fixture.owner, settling: true).offset)
        isOver.withLock { $0 = true }
        let end = try #require(try await sender.value.offset)
        #expect(seen > 0 && end >= seen)
    }

    @Test("ending an upload ends the request that is sending it")
    func termination() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(2000)
        let sender = try await ingest.appendAndStall([1, 2, 3], to: id, at: 0)
        try await ingest.terminate(id, for: Fixture.owner)
        #expect(await code { _ = try await sender.value } == .conflict)
        #expect(await code { _ = try await ingest.look(id, for: Fixture.owner) } == .notFound)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }
}
