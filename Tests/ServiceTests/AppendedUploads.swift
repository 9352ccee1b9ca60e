import Core
import Foundation
import ObjectStorage
import Service
import Testing

/// What the tests of appended uploads do to an engine.
extension Ingest {
    func beginAppended(
        _ size: Int?,
        isPartial: Bool = false,
        owner: UserID = Fixture.owner
    ) async throws -> UploadID {
        try await begin(Self.file(size, isPartial: isPartial), owner: owner).upload.id
    }

    static func file(_ size: Int?, isPartial: Bool = false) -> AppendedFile {
        AppendedFile(
            door: "test",
            fileName: "clip.mp4",
            fileType: "video/mp4",
            size: size.map(Int64.init),
            isPartial: isPartial
        )
    }

    @discardableResult
    func append(
        _ bytes: [UInt8],
        to id: UploadID,
        at offset: Int,
        total: Int? = nil,
        checksum: PieceChecksum? = nil,
        isLast: Bool? = nil
    ) async throws -> UploadProgress {
        let piece = AppendedPiece(
            offset: Int64(offset),
            declaredLength: Int64(bytes.count),
            totalLength: total.map(Int64.init),
            checksum: checksum,
            isLast: isLast
        )
        return try await append(piece, to: id, for: Fixture.owner) { writer in
            try bytes.withUnsafeBytes { try writer.write($0) }
        }
    }

    /// A request whose connection brings some bytes and then stays silent, until it is cancelled.
    func appendAndStall(
        _ bytes: [UInt8],
        to id: UploadID,
        at offset: Int,
        checksum: PieceChecksum? = nil
    ) async throws -> Task<UploadProgress, any Error> {
        let (written, signal) = AsyncStream<Void>.makeStream()
        let piece = AppendedPiece(offset: Int64(offset), declaredLength: nil, checksum: checksum)
        let task = Task {
            defer { signal.finish() }
            return try await append(piece, to: id, for: Fixture.owner) { writer in
                try bytes.withUnsafeBytes { try writer.write($0) }
                signal.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        for await _ in written { break }
        return task
    }

    func offset(of id: UploadID) async throws -> Int64? {
        try await look(id, for: Fixture.owner).offset
    }
}

extension Fixture {
    func staged(_ id: UploadID) -> String { "\(folder)/staging/\(id).data" }

    /// The bytes that an upload has become.
    func content(of id: UploadID, by ingest: Ingest) async throws -> [UInt8] {
        let asset = try #require(try await ingest.look(id, for: Fixture.owner).upload.assetID)
        let originals = try await originals()
        let original = try #require(originals.first { $0.key.rawValue.contains("/\(asset)/") })
        let path = try #require(store.localPath(original.key))
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
