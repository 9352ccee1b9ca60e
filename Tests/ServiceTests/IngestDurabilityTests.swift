import Core
import Foundation
import SQL
import Service
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is left after a power cut, and after a file was taken away.
@Suite struct IngestDurabilityTests {
    /// A part is a whole number of any file system's blocks.
    private static let part = 64 << 10

    @Test("every way to bring bytes to the disk ends in the same file", arguments: UploadSync.allCases)
    func ways(_ sync: UploadSync) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest { $0.sync = sync }
        let bytes = noise(4500)
        let upload = try await ingest.begin(bytes)
        for number in 0..<5 { try await ingest.send(number, of: bytes, to: upload, known: number % 2 == 0) }
        #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
        let halves = [Array(bytes[..<2000]), Array(bytes[2000...])]
        var partials: [UploadID] = []
        for half in halves {
            let id = try await ingest.beginAppended(half.count, isPartial: true)
            try await ingest.append(half, to: id, at: 0)
            partials.append(id)
        }
        let final = try await ingest.concatenate(
            partials,
            into: Ingest.file(nil),
            written: "final;",
            owner: Fixture.owner
        )
        #expect(try await fixture.content(of: final.upload.id, by: ingest) == bytes)
    }

    @Test("parts whose bytes a power cut took are asked for again, the others are not")
    func partsAfterPowerCut() async throws {
        let fixture = try await Fixture()
        let bytes = noise(5 * Self.part)
        let before = try fixture.ingest(partSize: Int64(Self.part))
        try await before.recover()
        let upload = try await before.begin(bytes)
        for number in [0, 1, 3] { try await before.send(number, of: bytes, to: upload) }
        // The disk had been given the records and one part.
        try sparse(fixture.staged(upload.id), [(1, Array(bytes[Self.part..<2 * Self.part]))])
        try rename(boot: "another run of the system", fixture)

        let after = try fixture.ingest(partSize: Int64(Self.part))
        try await after.recover()
        #expect(try await after.status(of: upload.id, for: Fixture.owner).missing == [0, 2, 3, 4])
        #expect(try await after.status(of: upload.id, for: Fixture.owner).upload.received == 1)
        for number in [0, 2, 3, 4] { try await after.send(number, of: bytes, to: upload) }
        #expect(try await fixture.content(of: upload.id, by: after) == bytes)
    }

    @Test("an appended upload goes back to what a power cut left without a gap")
    func appendedAfterPowerCut() async throws {
        let fixture = try await Fixture()
        let bytes = noise(4 * Self.part)
        let before = try fixture.ingest(partSize: Int64(Self.part))
        try await before.recover()
        let id = try await before.beginAppended(bytes.count)
        try await before.append(Array(bytes[..<(3 * Self.part)]), to: id, at: 0)
        let kept = [0, 2].map { ($0, Array(bytes[$0 * Self.part..<($0 + 1) * Self.part])) }
        try sparse(fixture.staged(id), kept)
        try rename(boot: "another run of the system", fixture)

        let after = try fixture.ingest(partSize: Int64(Self.part))
        try await after.recover()
        #expect(try await after.offset(of: id) == Int64(Self.part))
        try await after.append(Array(bytes[Self.part...]), to: id, at: Self.part)
        #expect(try await fixture.content(of: id, by: after) == bytes)
    }

    @Test("without a restart of the machine nothing acknowledged is doubted, holes neither")
    func zerosStay() async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest(partSize: Int64(Self.part))
        try await before.recover()
        let bytes = [UInt8](repeating: 0, count: 2 * Self.part)
        let upload = try await before.begin(bytes)
        try await before.send(0, of: bytes, to: upload)
        try sparse(fixture.staged(upload.id), [])
        let after = try fixture.ingest(partSize: Int64(Self.part))
        try await after.recover()
        #expect(try await after.status(of: upload.id, for: Fixture.owner).missing == [1])
    }

    @Test("a file that was removed between two parts costs a clear refusal; all parts are asked for again")
    func removedBetween() async throws {
        for known in [true, false] {
            let fixture = try await Fixture()
            let ingest = try fixture.ingest()
            let bytes = noise(2500)
            let upload = try await ingest.begin(bytes)
            try await ingest.send(0, of: bytes, to: upload)
            try FileManager.default.removeItem(atPath: fixture.staged(upload.id))
            #expect(await code { try await ingest.send(1, of: bytes, to: upload, known: known) } == .unavailable)
            #expect(try await ingest.status(of: upload.id, for: Fixture.owner).missing == [0, 1, 2])
            for number in 0..<3 { try await ingest.send(number, of: bytes, to: upload, known: known) }
            #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
        }
    }

    @Test("a file that was removed while a part was written costs that part's acknowledgement")
    func removedWhileWriting() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        let ticket = try await ingest.admit(upload.id, for: Fixture.owner)
        let writer = try ticket.open(number: 0)
        try bytes[..<1000].withUnsafeBytes { try writer.write($0) }
        try FileManager.default.removeItem(atPath: fixture.staged(upload.id))
        #expect(await code { _ = try await ingest.commit(writer, number: 0, total: nil, for: ticket) } == .unavailable)
        for number in 0..<3 { try await ingest.send(number, of: bytes, to: upload) }
        #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
    }

    /// What a disk has of a file: some parts, and nothing of the others.
    private func sparse(_ path: String, _ parts: [(number: Int, bytes: [UInt8])]) throws {
        let length = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        try FileManager.default.removeItem(atPath: path)
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        try file.truncate(atOffset: UInt64(try #require(length)))
        for part in parts {
            try file.seek(toOffset: UInt64(part.number * Self.part))
            try file.write(contentsOf: Data(part.bytes))
        }
    }

    private func rename(boot: String, _ fixture: Fixture) throws {
        try boot.write(toFile: fixture.folder + "/staging.boot", atomically: true, encoding: .utf8)
    }
}
