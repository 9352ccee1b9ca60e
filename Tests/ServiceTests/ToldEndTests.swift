import Core
import Crypto
import Service
import Testing

/// Uploads that end when they are told to.
@Suite struct ToldEndTests {
    private static func begin(_ size: Int64?, hash: String? = nil, by ingest: Ingest) async throws -> UploadID {
        let file = AppendedFile(
            door: "test",
            fileName: "a",
            fileType: "",
            size: size,
            hash: hash,
            endsWhenTold: true
        )
        return try await ingest.begin(file, owner: Fixture.owner).upload.id
    }

    @Test("a length that is reached ends nothing, neither at once nor after a restart; being told does")
    func told() async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest()
        let id = try await Self.begin(3, by: before)
        let reached = try await before.append([1, 2, 3], to: id, at: 0, isLast: false)
        #expect(reached.offset == 3)
        #expect(reached.upload.state == .receiving)

        let after = try fixture.ingest()
        try await after.recover()
        #expect(try await after.look(id, for: Fixture.owner).upload.state == .receiving)
        #expect(try await after.append([], to: id, at: 3, isLast: true).isComplete)
        #expect(try await fixture.content(of: id, by: after) == [1, 2, 3])
    }

    @Test("a client that goes by the length ends what is whole, and nothing else")
    func atLength() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await Self.begin(3, by: ingest)
        let part = try await ingest.append([1, 2], to: id, at: 0, isLast: false)
        #expect(try await ingest.endAtLength(part).upload.state == .receiving)
        let whole = try await ingest.append([3], to: id, at: 2, isLast: false)
        #expect(try await ingest.endAtLength(whole).isComplete)
    }

    @Test("the last piece fixes a length that nobody knew, and contradicts none that was known")
    func lengths() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let open = try await Self.begin(nil, by: ingest)
        #expect(try await ingest.append([1, 2], to: open, at: 0, isLast: true).upload.size == 2)
        let fixed = try await Self.begin(3, by: ingest)
        #expect(await code { try await ingest.append([1, 2], to: fixed, at: 0, isLast: true) } == .lengthMismatch)
        #expect(try await ingest.offset(of: fixed) == 2)
    }

    @Test("a piece that breaks off ends nothing, though it was to be the last and all of its bytes came")
    func torn() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await Self.begin(2, by: ingest)
        let piece = AppendedPiece(offset: 0, declaredLength: nil, isLast: true)
        let thrown = await code {
            _ = try await ingest.append(piece, to: id, for: Fixture.owner) { writer in
                try [UInt8]([1, 2]).withUnsafeBytes { try writer.write($0) }
                throw ServiceError(.unavailable, "the connection is gone")
            }
        }
        #expect(thrown == .unavailable)
        let now = try await ingest.look(id, for: Fixture.owner)
        #expect(now.offset == 2)
        #expect(now.upload.state == .receiving)
    }

    @Test("a stated hash is verified first, also one that is stated late")
    func hash() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let right = sha256([1, 2])
        for (hash, state) in [(right, Upload.State.complete), (sha256([9]), .failed)] {
            for late in [false, true] {
                let id = try await Self.begin(nil, hash: late ? nil : hash, by: ingest)
                if late { try await ingest.state(hash: hash, of: id, for: Fixture.owner) }
                _ = try await ingest.append([1, 2], to: id, at: 0, isLast: true)
                let ended = try await ingest.settled(id, for: Fixture.owner, within: .seconds(30))
                #expect(ended.state == state)
            }
        }
    }

    @Test("a spoilt upload keeps its reason and none of its bytes")
    func spoilt() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await Self.begin(3, by: ingest)
        try await ingest.append([1], to: id, at: 0, isLast: false)
        #expect(await code { try await ingest.spoil(id, for: Fixture.stranger, reason: "no") } == .forbidden)
        try await ingest.spoil(id, for: Fixture.owner, reason: "too long")
        #expect(await code { _ = try await ingest.look(id, for: Fixture.owner) } == .gone)
        #expect(try await ingest.settled(id, for: Fixture.owner, within: .zero).error == "too long")
    }

    @Test("a checksum that comes after the bytes counts, and one that does not come leaves the offset")
    func trailing() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(4)
        for missing in [nil, try PieceChecksum(.md5, expected: MD5.hash([9]))] {
            let checksum = PieceChecksum(toComeIn: [.md5, .crc32]) { missing }
            #expect(await code { try await ingest.append([1, 2], to: id, at: 0, checksum: checksum) } == .hashMismatch)
            #expect(try await ingest.offset(of: id) == 0)
        }
        let unreadable = PieceChecksum(toComeIn: [.md5]) { throw ServiceError(.invalidRequest, "what is this") }
        #expect(await code { try await ingest.append([1, 2], to: id, at: 0, checksum: unreadable) } == .invalidRequest)
        #expect(try await ingest.offset(of: id) == 0)
        let right = PieceChecksum(toComeIn: [.md5, .crc32]) { try PieceChecksum(.md5, expected: MD5.hash([1, 2])) }
        #expect(try await ingest.append([1, 2], to: id, at: 0, checksum: right).offset == 2)
    }
}
