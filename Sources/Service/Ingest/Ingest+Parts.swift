package import Core
internal import Crypto
internal import Foundation
internal import SQL
internal import Synchronization

/// Permission to send parts of one upload, checked once before the body is read.
package struct PartTicket: Sendable {
    package let upload: Upload
    let ingest: Ingest

    /// Opens the place for a part's bytes.
    ///
    /// Runs on the receiving thread; it only opens a file.
    ///
    /// `number`: nil when the bytes come before their number: they are spooled.
    package func open(number: Int?) throws -> PartWriter {
        try ingest.open(upload, number: number)
    }
}

extension Ingest {
    /// Admits a request that carries a part.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`, `.conflict` when the upload has failed.
    package func admit(_ id: UploadID, for owner: UserID) async throws -> PartTicket {
        let upload = try await load(id, for: owner).upload
        if upload.state == .failed {
            throw ServiceError(
                .conflict,
                "This upload has failed: \(upload.error ?? "no reason is known") Begin a new one."
            )
        }
        guard upload.form == .numbered || upload.isLengthKnown && upload.form != .final else {
            throw ServiceError(.conflict, "This upload takes no chunks: it has no length yet, or is made of others.")
        }
        return PartTicket(upload: upload, ingest: self)
    }

    func open(_ upload: Upload, number: Int?) throws -> PartWriter {
        let id = upload.id
        guard upload.acceptsParts else { return PartWriter(upload: id, target: .discard) }
        guard let number else { return try spool(upload) }
        try check(number: number, of: upload)
        // Their place may not be the end: they are appended when it is.
        guard upload.form == .numbered else { return try spool(upload) }
        enum Choice { case place, spool, discard }
        let choice: Choice = active.withLock { table in
            guard let entry = table[id] else { return .spool }
            if entry.parts.contains(number) { return .discard }
            return table[id]?.writing.insert(number).inserted == true ? .place : .spool
        }
        switch choice {
        case .discard: return PartWriter(upload: id, target: .discard)
        case .spool: return try spool(upload)
        case .place:
            do {
                let length = upload.length(ofPart: number)
                let file = try StagedFile(
                    path: stagedPath(id),
                    at: Int64(number) * upload.partSize,
                    limit: length,
                    tooLong: { Self.wrongLength(number, expected: length, got: nil) }
                )
                return PartWriter(upload: id, target: .place(file, number: number))
            } catch {
                release(number, of: id)
                throw error
            }
        }
    }

    private func spool(_ upload: Upload) throws -> PartWriter {
        let path = "\(configuration.stagingDirectory)/\(upload.id).\(Hex.encode(SecureRandom.bytes(8))).part"
        let limit = upload.partSize
        let file = try StagedFile(
            path: path,
            at: 0,
            limit: limit,
            tooLong: {
                ServiceError(.tooLarge, "The chunk is longer than this upload's chunk size of \(limit) bytes.")
            }
        )
        return PartWriter(upload: upload.id, target: .spool(file))
    }

    func check(number: Int, of upload: Upload) throws {
        guard (0..<upload.parts).contains(number) else {
            throw ServiceError(
                .invalidRequest,
                "chunkNumber must be 0 to \(upload.parts - 1): this upload has \(upload.parts) chunks.",
                field: "chunkNumber"
            )
        }
    }

    static func wrongLength(_ number: Int, expected: Int64, got: Int64?) -> ServiceError {
        ServiceError(
            .invalidRequest,
            "Chunk \(number) must have \(expected) bytes\(got.map { ", it has \($0)" } ?? ", it has more").",
            field: "chunk"
        )
    }

    /// Makes a part count: when this returns, the part survives whatever happens to the process.
    ///
    /// - `total`: the number of parts as the client sees it, checked when given.
    package func commit(_ writer: PartWriter, number: Int, total: Int?, for ticket: PartTicket) async throws
        -> PartReceipt
    {
        let upload = ticket.upload
        do {
            try check(number: number, of: upload)
            guard total == nil || total == upload.parts else {
                throw ServiceError(
                    .invalidRequest,
                    "totalChunks must be \(upload.parts) for this upload.",
                    field: "totalChunks"
                )
            }
            if upload.form != .numbered, case .spool(let file) = writer.target {
                return try await append(file, asPart: number, of: upload, writer)
            }
            try await place(writer, number: number, of: upload)
        } catch {
            await abandon(writer)
            throw error
        }
        if case .discard = writer.target { return try await receipt(number, of: upload) }
        try await record(number, of: upload)
        await abandon(writer)
        let receipt = try await receipt(number, of: upload)
        if receipt.received == receipt.total { try await complete(upload.id) }
        return receipt
    }

    /// Lets go of a part that will not be committed, or was: closes its file, removes its spool.
    package func abandon(_ writer: PartWriter) async {
        switch writer.target {
        case .discard: break
        case .place(let file, let number):
            file.close()
            release(number, of: writer.upload)
        case .spool(let file):
            file.close()
            // A spool that stays behind is removed at the next start.
            unlink(file.path)
        }
    }

    private func release(_ number: Int, of id: UploadID) {
        active.withLock { _ = $0[id]?.writing.remove(number) }
    }

    private func place(_ writer: PartWriter, number: Int, of upload: Upload) async throws {
        let expected = upload.length(ofPart: number)
        switch writer.target {
        case .discard: return
        case .place(let file, let placed):
            guard placed == number else {
                throw ServiceError(
                    .invalidRequest,
                    "chunkNumber is given twice, with two values.",
                    field: "chunkNumber"
                )
            }
            guard file.length == expected else {
                throw Self.wrongLength(number, expected: expected, got: file.length)
            }
        case .spool(let file):
            guard file.length == expected else {
                throw Self.wrongLength(number, expected: expected, got: file.length)
            }
            file.close()
            let target = stagedPath(upload.id)
            // The serial queue and the check inside it: an acknowledged part is never written again.
            try await disk.run { [self] in
                guard active.withLock({ $0[upload.id]?.parts.contains(number) }) == false else { return }
                try StagedFile.place(file.path, into: target, at: Int64(number) * upload.partSize, length: expected)
            }
        }
    }

    private func record(_ number: Int, of upload: Upload) async throws {
        let now = Timestamp.now
        let id = upload.id
        try await database.write { transaction in
            let isNew =
                try transaction.run(
                    """
                    INSERT INTO upload_parts (upload_id, number)
                    SELECT id, \(number) FROM uploads WHERE id = \(id) AND state IN ('created', 'receiving')
                    ON CONFLICT DO NOTHING
                    """
                ) == 1
            guard isNew else { return }
            try transaction.run(
                """
                UPDATE uploads SET received = received + 1, state = 'receiving', last_part_at = \(now)
                WHERE id = \(id)
                """
            )
        }
        let prefix: Int64? = active.withLock { table in
            guard table[id]?.parts.insert(number) == true, let entry = table[id] else { return nil }
            table[id]?.upload.received = entry.parts.count
            table[id]?.upload.state = .receiving
            table[id]?.upload.lastPartAt = now
            return min(upload.size, Int64(entry.parts.prefix) * upload.partSize)
        }
        if let prefix { hasher.advance(id, path: stagedPath(id), to: prefix) }
    }

    private func receipt(_ number: Int, of upload: Upload) async throws -> PartReceipt {
        let received = active.withLock { $0[upload.id]?.parts.count }
        return PartReceipt(number: number, received: received ?? upload.parts, total: upload.parts)
    }
}
