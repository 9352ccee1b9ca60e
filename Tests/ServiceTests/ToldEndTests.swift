import Core
import Crypto
import Service
import Testing

/// Uploads that end when they are told to.
@Suite struct ToldEndTests {
    private static func begin(
        _ size: Int64?,
        stated: StatedHashes = StatedHashes(),
        by ingest: Ingest
    ) async throws -> UploadID {
        let file = AppendedFile(
            door: "test",
            fileName: "a",
            fileType: "",
            size: size,
            stated: stated,
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
        let (right, wrong) = (Self.hashes([1, 2]), Self.hashes([9]))
        let cases: [(StatedHashes, Upload.State)] = [
            (StatedHashes(sha256: right.sha256), .complete), (StatedHashes(sha256: wrong.sha256), .failed),
            (StatedHashes(sha512: right.sha512), .complete), (StatedHashes(sha512: wrong.sha512), .failed),
            (right, .complete), (wrong, .failed), (StatedHashes(sha256: right.sha256, sha512: wrong.sha512), .failed),
            (StatedHashes(sha256: wrong.sha256, sha512: right.sha512), .failed),
        ]
        for (stated, state) in cases {
            for late in [false, true] {
                let id = try await Self.begin(nil, stated: late ? StatedHashes() : stated, by: ingest)
                if late { try await ingest.state(stated, of: id, for: Fixture.owner) }
                _ = try await ingest.append([1, 2], to: id, at: 0, isLast: true)
                let ended = try await ingest.settled(id, for: Fixture.owner, within: .seconds(300))
                #expect(ended.state == state)
            }
        }
        // Every file gets its SHA-256, whichever hash was stated.
        try await eventually { try await fixture.hashes() == Array(repeating: right.sha256, count: 6) }
    }

    private static func hashes(_ bytes: [UInt8]) -> StatedHashes {
        let digest = SHA512()
        digest.update(bytes)
        return StatedHashes(sha256: sha256(bytes), sha512: Hex.encode(digest.finalize()))
    }

    @Test("a hash that was stated stays, and another is refused; a second kind may join it")
    func restated() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let (right, wrong) = (Self.hashes([1, 2]), Self.hashes([9]))
        let id = try await Self.begin(nil, stated: StatedHashes(sha256: right.sha256), by: ingest)
        let both = StatedHashes(sha256: wrong.sha256, sha512: wrong.sha512)
        #expect(await code { try await ingest.state(both, of: id, for: Fixture.owner) } == .hashMismatch)
        try await ingest.state(right, of: id, for: Fixture.owner)
        #expect(try await ingest.look(id, for: Fixture.owner).upload.stated == right)
        let other = StatedHashes(sha512: wrong.sha512)
        #expect(await code { try await ingest.state(other, of: id, for: Fixture.owner) } == .hashMismatch)
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
