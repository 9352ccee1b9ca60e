internal import Core
internal import Crypto
internal import Foundation

/// Numbered parts for an upload that is appended to: taken in order.
extension Ingest {
    /// Appends a spooled part where the upload ends; one that is there already is acknowledged again.
    ///
    /// - Throws: `.conflict` for one that does not come next.
    func append(
        _ spool: StagedFile,
        asPart number: Int,
        of upload: Upload,
        _ writer: PartWriter
    ) async throws -> PartReceipt {
        let length = upload.length(ofPart: number)
        guard spool.length == length else { throw Self.wrongLength(number, expected: length, got: spool.length) }
        spool.close()
        let start = Int64(number) * upload.partSize
        var progress = try await look(upload.id, for: upload.owner, settling: true)
        guard let offset = progress.offset, offset >= start else {
            throw ServiceError(
                .conflict,
                "This upload takes its chunks in order: chunk \((progress.offset ?? 0) / upload.partSize) comes next."
            )
        }
        if offset < start + length {
            let path = spool.path
            let piece = AppendedPiece(offset: offset, declaredLength: start + length - offset)
            progress = try await append(piece, to: upload.id, for: upload.owner) { target in
                try Self.copy(path, from: offset - start, to: target)
            }
        }
        await abandon(writer)
        let received = progress.isComplete ? upload.parts : Int((progress.offset ?? 0) / upload.partSize)
        return PartReceipt(number: number, received: received, total: upload.parts)
    }

    private static func copy(_ path: String, from start: Int64, to target: any PieceWriter) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(start))
        while let block = try file.read(upToCount: 1 << 20), !block.isEmpty {
            try block.withUnsafeBytes { try target.write($0) }
        }
    }
}
