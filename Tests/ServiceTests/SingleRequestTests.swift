import Core
import SQL
import Service
import Testing

@Suite struct SingleRequestTests {
    private static func received(public isPublic: Bool = true) -> ReceivedFile {
        ReceivedFile(fileName: "photo.jpg", fileType: "image/jpeg", isPublic: isPublic)
    }

    @Test("a file whose length nobody stated ends where its bytes end, and is an asset at once")
    func whole() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = [0xFF, 0xD8, 0xFF] + noise(3000)
        let id = try await ingest.beginAppended(nil)
        try await ingest.append(bytes, to: id, at: 0)
        let done = try await ingest.finish(id, as: Self.received(), for: Fixture.owner)
        #expect(done.isComplete)
        let asset = try await fixture.catalog.asset(try #require(done.upload.assetID), for: Fixture.owner)
        #expect(asset.fileName == "photo.jpg" && asset.fileType == "image/jpeg" && asset.isPublic)
        #expect(asset.kind == "image", "its first bytes say so before anybody has probed it")
        #expect(asset.version.size == Int64(bytes.count))
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
    }

    @Test("an asset of any other door is its owner's alone")
    func otherDoors() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(4)
        let done = try await ingest.append(Array("fLaC".utf8), to: id, at: 0)
        let asset = try await fixture.catalog.asset(try #require(done.upload.assetID), for: Fixture.owner)
        #expect(!asset.isPublic && asset.kind == "audio")
    }

    @Test("a file of no bytes, a stranger and an impossible name are refused; the upload stays as it was")
    func refused() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(nil)
        let file = Self.received()
        #expect(await code { _ = try await ingest.finish(id, as: file, for: Fixture.owner) } == .invalidRequest)
        try await ingest.append([1, 2, 3], to: id, at: 0)
        #expect(await code { _ = try await ingest.finish(id, as: file, for: Fixture.stranger) } == .forbidden)
        let nameless = ReceivedFile(fileName: "", fileType: "image/jpeg", isPublic: true)
        #expect(await code { _ = try await ingest.finish(id, as: nameless, for: Fixture.owner) } == .invalidRequest)
        #expect(try await ingest.offset(of: id) == 3)
        #expect(try await ingest.finish(id, as: file, for: Fixture.owner).isComplete)
    }
}
