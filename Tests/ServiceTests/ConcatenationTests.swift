import Core
import Foundation
import Service
import Testing

/// Finals that cannot be made when their last partial is there.
@Suite struct ConcatenationTests {
    /// A final of two partials; the second is still to come.
    private struct Waiting {
        let first: UploadID
        let second: UploadID
        let whole: Upload

        init(_ ingest: Ingest) async throws {
            first = try await ingest.beginAppended(2, isPartial: true)
            second = try await ingest.beginAppended(1, isPartial: true)
            whole = try await ingest.concatenate(
                [first, second],
                into: Ingest.file(nil),
                written: "final;",
                owner: Fixture.owner
            ).upload
            try await ingest.append([1, 2], to: first, at: 0)
        }
    }

    @Test("one that finds no place is made when there is one, also after a restart, and keeps nobody from starting")
    func obstacle() async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest()
        let waiting = try await Waiting(before)
        let obstacle = fixture.staged(waiting.whole.id)
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        #expect(try await before.append([3], to: waiting.second, at: 0).isComplete)

        let after = try fixture.ingest()
        try await after.recover()
        let background = Task { await after.runBackground() }
        defer { background.cancel() }
        #expect(try await after.offset(of: waiting.whole.id) == nil)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(try await after.wait(for: waiting.whole, [.complete, .failed]).state == .complete)
        #expect(try await fixture.content(of: waiting.whole.id, by: after) == [1, 2, 3])
    }

    @Test("one whose partial was lost on the disk fails in words, and the partial no longer says that it is complete")
    func lost() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let waiting = try await Waiting(ingest)
        try FileManager.default.removeItem(atPath: fixture.staged(waiting.first))
        try await ingest.append([3], to: waiting.second, at: 0)
        let failed = try await ingest.settled(waiting.whole.id, for: Fixture.owner, within: .zero)
        #expect(failed.state == .failed)
        #expect(failed.error?.contains("lost") == true)
        for id in [waiting.whole.id, waiting.first] {
            #expect(await code { _ = try await ingest.offset(of: id) } == .gone)
        }
        #expect(try await ingest.offset(of: waiting.second) == 1)
    }
}
