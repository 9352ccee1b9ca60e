import Core
import Crypto
import Foundation
import SQL
import Service
import Testing

@Suite struct AppendTests {
    @Test("pieces at the offset become the file; others are refused and store nothing")
    func inOrder() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(5000)
        let id = try await ingest.beginAppended(5000)
        #expect(try await ingest.append(Array(bytes[..<1234]), to: id, at: 0).offset == 1234)
        for wrong in [0, 1233, 1235, 5000] {
            #expect(await code { try await ingest.append([1], to: id, at: wrong) } == .offsetMismatch)
        }
        #expect(await code { try await ingest.append(noise(3767), to: id, at: 1234) } == .tooLarge)
        #expect(try await ingest.offset(of: id) == 1234)
        let done = try await ingest.append(Array(bytes[1234...]), to: id, at: 1234)
        #expect(done.isComplete && done.offset == 5000)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
        #expect(try await fixture.queue.claim(lane: .light, worker: "w")?.kind == "asset.prepare")
        #expect(try await ingest.append([], to: id, at: 5000).isComplete)
        #expect(await code { try await ingest.append([1], to: id, at: 5000) } == .tooLarge)
        #expect(try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 10).total == 1)
    }

    @Test("bytes that came before a request failed count")
    func broken() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(3000)
        let id = try await ingest.beginAppended(3000)
        let piece = AppendedPiece(offset: 0, declaredLength: 3000)
        struct Broken: Error {}
        await #expect(throws: Broken.self) {
            _ = try await ingest.append(piece, to: id, for: Fixture.owner) { writer in
                try bytes[..<700].withUnsafeBytes { try writer.write($0) }
                throw Broken()
            }
        }
        #expect(try await ingest.offset(of: id) == 700)
        try await ingest.append(Array(bytes[700...]), to: id, at: 700)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
    }

    @Test(
        "a piece with a wrong or torn checksum leaves the offset where it was",
        arguments: PieceChecksum.Algorithm.allCases
    )
    func checksums(algorithm: PieceChecksum.Algorithm) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2000)
        let (first, second) = (Array(bytes[..<900]), Array(bytes[900...]))
        let id = try await ingest.beginAppended(2000)
        let ofFirst = try PieceChecksum(algorithm, expected: Self.hash(algorithm, first))
        try await ingest.append(first, to: id, at: 0, checksum: ofFirst)
        #expect(await code { try await ingest.append(second, to: id, at: 900, checksum: ofFirst) } == .hashMismatch)
        #expect(try await ingest.offset(of: id) == 900)
        let torn = try await ingest.appendAndStall(Array(second[..<500]), to: id, at: 900, checksum: ofFirst)
        #expect(try await ingest.offset(of: id) == 900)
        torn.cancel()
        _ = await torn.result
        #expect(try await ingest.offset(of: id) == 900)
        let ofSecond = try PieceChecksum(algorithm, expected: Self.hash(algorithm, second))
        try await ingest.append(second, to: id, at: 900, checksum: ofSecond)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
    }

    @Test("of several checksums of one piece all must be right", arguments: [true, false])
    func severalChecksums(right: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(3)
        let other: [UInt8] = right ? [1, 2, 3] : [9]
        let checksum = try PieceChecksum([
            .sha256: SHA256.hash([1, 2, 3]), .sha512: Self.hash(.sha512, other), .md5: MD5.hash([1, 2, 3]),
        ])
        let thrown = await code { try await ingest.append([1, 2, 3], to: id, at: 0, checksum: checksum) }
        #expect(thrown == (right ? nil : .hashMismatch))
        #expect(try await ingest.offset(of: id) == (right ? 3 : 0))
    }

    @Test("a piece of too many numbered parts with a checksum is refused, and spoils nothing")
    func manyParts() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(300_000)
        let upload = try await ingest.begin(bytes)
        let checksum = try PieceChecksum(.md5, expected: MD5.hash(bytes))
        // Not too large for the upload: doors end one that more bytes are sent to than it has.
        let thrown = await code { try await ingest.append(bytes, to: upload.id, at: 0, checksum: checksum) }
        #expect(thrown == .invalidRequest)
        #expect(try await ingest.offset(of: upload.id) == 0)
        try await ingest.append(bytes, to: upload.id, at: 0)
        #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
    }

    @Test("a piece in which no numbered part ends is refused in words, and spoils nothing", arguments: [true, false])
    func tooShortForPart(isVerified: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(1500)
        let upload = try await ingest.begin(bytes)
        let piece = Array(bytes[..<999])
        let error = await #expect(throws: ServiceError.self) {
            let checksum = isVerified ? try PieceChecksum(.sha1, expected: Self.hash(.sha1, piece)) : nil
            try await ingest.append(piece, to: upload.id, at: 0, checksum: checksum)
        }
        #expect(error?.code == .invalidRequest && error?.message.contains("before byte 1000") == true)
        #expect(try await ingest.append(Array(bytes[..<1200]), to: upload.id, at: 0).offset == 1000)
        try await ingest.append(Array(bytes[1000...]), to: upload.id, at: 1000)
        #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
    }

    @Test("a length that is to come is fixed once, and within the limit")
    func deferred() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest(maximumSize: 4000)
        let bytes = noise(3000)
        let id = try await ingest.beginAppended(nil)
        try await ingest.append(Array(bytes[..<1000]), to: id, at: 0)
        #expect(try await ingest.look(id, for: Fixture.owner).upload.isLengthKnown == false)
        #expect(await code { try await ingest.append([], to: id, at: 1000, total: 999) } == .lengthMismatch)
        #expect(await code { try await ingest.append([], to: id, at: 1000, total: 4001) } == .tooLarge)
        #expect(await code { try await ingest.append(noise(3001), to: id, at: 1000) } == .tooLarge)
        try await ingest.append(Array(bytes[1000..<2000]), to: id, at: 1000, total: 3000)
        #expect(await code { try await ingest.append([], to: id, at: 2000, total: 3001) } == .lengthMismatch)
        #expect(try await ingest.append(Array(bytes[2000...]), to: id, at: 2000).isComplete)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
    }

    @Test("an empty file is complete at once, and its asset says that there is nothing to play")
    func empty() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let progress = try await ingest.begin(Ingest.file(0), owner: Fixture.owner)
        #expect(progress.isComplete)
        let asset = try await fixture.catalog.asset(try #require(progress.upload.assetID), for: Fixture.owner)
        #expect(asset.version.status == .failed)
        #expect(asset.version.error?.contains("empty") == true)
        #expect(try await fixture.queue.claim(lane: .light, worker: "w") == nil)
    }

    @Test("the hash of the whole follows the pieces")
    func hash() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let bytes = noise(50_000)
        let id = try await ingest.beginAppended(bytes.count)
        for start in stride(from: 0, to: bytes.count, by: 7000) {
            try await ingest.append(Array(bytes[start..<min(bytes.count, start + 7000)]), to: id, at: start)
        }
        let asset = try #require(try await ingest.look(id, for: Fixture.owner).upload.assetID)
        // Ended before its hash is known: the hash comes all the same.
        try await ingest.terminate(id, for: Fixture.owner)
        #expect(try await fixture.catalog.asset(asset, for: Fixture.owner).version.sha256 == sha256(bytes))
        #expect(await code { _ = try await ingest.look(id, for: Fixture.owner) } == .notFound)
    }

    @Test("an expired upload takes no more bytes, and is swept with its file", arguments: [false, true])
    func expiry(isPartial: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(4, isPartial: isPartial)
        try await ingest.append(isPartial ? [1, 2, 3, 4] : [1, 2], to: id, at: 0)
        // Time is turned forward instead of waited for.
        try await fixture.database.write { try $0.run("UPDATE uploads SET expires_at = 1") }
        #expect(await code { try await ingest.append([3, 4], to: id, at: 2) } == .gone)
        #expect(try await ingest.sweep(at: .now)?.expired == 0, "a file that was just written to is being received")
        #expect(try await ingest.sweep(at: .now + .seconds(600))?.expired == 1)
        #expect(await code { _ = try await ingest.look(id, for: Fixture.owner) } == .notFound)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }

    @Test("bytes that were removed under us are told of by an offset back at the start, and the upload goes on")
    func removed() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let bytes = noise(3000)
        let id = try await ingest.beginAppended(3000)
        try await ingest.append(Array(bytes[..<1000]), to: id, at: 0)
        try FileManager.default.removeItem(atPath: fixture.staged(id))
        #expect(await code { try await ingest.append(Array(bytes[1000...]), to: id, at: 1000) } == .offsetMismatch)
        #expect(try await ingest.offset(of: id) == 0)
        let torn = AppendedPiece(offset: 0, declaredLength: nil)
        let failure = await code {
            _ = try await ingest.append(torn, to: id, for: Fixture.owner) { writer in
                try bytes[..<500].withUnsafeBytes { try writer.write($0) }
                try FileManager.default.removeItem(atPath: fixture.staged(id))
            }
        }
        #expect(failure == .unavailable)
        try await ingest.append(bytes, to: id, at: 0)
        #expect(try await fixture.content(of: id, by: ingest) == bytes)
        let asset = try #require(try await ingest.look(id, for: Fixture.owner).upload.assetID)
        let deadline = ContinuousClock.now + .seconds(300)
        while try await fixture.catalog.asset(asset, for: Fixture.owner).version.sha256 == nil {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await fixture.catalog.asset(asset, for: Fixture.owner).version.sha256 == sha256(bytes))
    }

    @Test("a session belongs to the first user who names it")
    func sessions() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let file = AppendedFile(door: "test", fileName: "a", fileType: "", size: 5, session: "s")
        _ = try await ingest.begin(file, owner: Fixture.owner)
        _ = try await ingest.begin(file, owner: Fixture.owner)
        #expect(await code { _ = try await ingest.begin(file, owner: Fixture.stranger) } == .forbidden)
    }

    static func sha512(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA512()
        digest.update(bytes)
        return digest.finalize()
    }

    static func crc32(_ bytes: [UInt8]) -> CRC32 {
        var sum = CRC32()
        bytes.withUnsafeBytes { sum.update($0) }
        return sum
    }

    static func hash(_ algorithm: PieceChecksum.Algorithm, _ bytes: [UInt8]) -> [UInt8] {
        switch algorithm {
        case .sha1: SHA1.hash(bytes)
        case .sha256: SHA256.hash(bytes)
        case .sha512: sha512(bytes)
        case .md5: MD5.hash(bytes)
        case .crc32: crc32(bytes).bytes
        }
    }
}
