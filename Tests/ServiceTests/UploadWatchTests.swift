import Core
import Service
import Testing

@Suite struct UploadWatchTests {
    @Test("all who watch an upload are told what changes, in order, until it is gone")
    func told() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let watch = UploadWatch(ingest: ingest, catalog: fixture.catalog)
        let id = try await ingest.beginAppended(10)
        let streams = [
            try await watch.news(of: id, for: Fixture.owner), try await watch.news(of: id, for: Fixture.owner),
        ]
        let heard = Task {
            await withTaskGroup(of: [Int64?].self) { group in
                for stream in streams {
                    group.addTask {
                        var offsets: [Int64?] = []
                        for await news in stream { offsets.append(news.offset) }
                        return offsets
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        try await ingest.append([1, 2, 3], to: id, at: 0)
        // Told when a third one, who comes now, is: it has been looked at since.
        for await news in try await watch.news(of: id, for: Fixture.owner) where news.offset == 3 { break }
        try await ingest.terminate(id, for: Fixture.owner)
        for offsets in await heard.value {
            #expect(offsets.first == 0)
            #expect(Set(offsets).isSubset(of: [0, 3]))
        }
    }

    @Test("a stranger is told nothing, and a failed upload its reason and no more")
    func ends() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let watch = UploadWatch(ingest: ingest, catalog: fixture.catalog)
        let id = try await ingest.beginAppended(10)
        #expect(await code { _ = try await watch.news(of: id, for: Fixture.stranger) } == .forbidden)
        try await ingest.spoil(id, for: Fixture.owner, reason: "too long")
        var errors: [String?] = []
        for await news in try await watch.news(of: id, for: Fixture.owner) { errors.append(news.error) }
        #expect(errors == ["too long"])
    }
}
