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
        let length = upload.length(ofPart: number)
        let file = StagedFile(
            path: stagedPath(id),
            at: Int64(number) * upload.partSize,
            limit: length,
            tooLong: { Self.wrongLength(number, expected: length, got: nil) }
        )
        enum Choice { case place(isFirst: Bool), spool, discard }
        // Known to the others before it opens: whoever settles this part first closes it.
        let choice: Choice = active.withLock { table in
            guard let entry = table.entries[id] else { return .spool }
            if entry.parts.contains(number) { return .discard }
            guard entry.writing[number] == nil, !entry.settling.contains(number) else { return .spool }
            table.entries[id]?.writing[number] = file
            return .place(isFirst: entry.parts.count == 0)
        }
        switch choice {
        case .discard: return PartWriter(upload: id, target: .discard)
        case .spool: return try spool(upload)
        case .place(let isFirst):
            do {
                try file.open(making: isFirst)
                return PartWriter(upload: id, target: .place(file, number: number))
            } catch {
                release(number, of: id, file)
                // Removed under us: what that means is found out when the part is to count.
                guard !isFirst, try StagedFile.length(file.path) == nil else { throw error }
                return try spool(upload)
            }
        }
    }

    private func spool(_ upload: Upload) throws -> PartWriter {
        let path = "\(configuration.stagingDirectory)/\(upload.id).\(Hex.encode(SecureRandom.bytes(8))).part"
        let limit = upload.partSize
        let file = StagedFile(
            path: path,
            at: 0,
            limit: limit,
            tooLong: {
                ServiceError(.tooLarge, "The chunk is longer than this upload's chunk size of \(limit) bytes.")
            }
        )
        try file.open()
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
            try await settle(writer, number: number, of: upload)
        } catch {
            await abandon(writer)
            throw try await lostParts(of: upload) ?? error
        }
        await abandon(writer)
        let received = active.withLock { $0.entries[upload.id]?.parts.count } ?? upload.parts
        if received == upload.parts { await completeOrRetry(upload.id) }
        return PartReceipt(number: number, received: received, total: upload.parts)
    }

    /// Lets go of a part that will not be committed, or was: closes its file, removes its spool.
    package func abandon(_ writer: PartWriter) async {
        switch writer.target {
        case .discard: break
        case .place(let file, let number):
            await disk.run { file.close() }
            release(number, of: writer.upload, file)
        case .spool(let file):
            await disk.run {
                file.close()
                // A spool that stays behind is removed at the next start.
                unlink(file.path)
            }
        }
    }

    private func release(_ number: Int, of id: UploadID, _ file: StagedFile) {
        active.withLock { table in
            if table.entries[id]?.writing[number] === file { table.entries[id]?.writing[number] = nil }
        }
    }

    // MARK: - One part, several requests

    /// Brings a part's bytes to their place and records it, unless it counts already.
    ///
    /// One request at a time settles a part, from looking whether it counts until it does: an acknowledged part is
    /// never written again.
    private func settle(_ writer: PartWriter, number: Int, of upload: Upload) async throws {
        let expected = upload.length(ofPart: number)
        switch writer.target {
        case .discard: return
        case .place(_, let placed) where placed != number:
            throw ServiceError(
                .invalidRequest,
                "chunkNumber is given twice, with two values.",
                field: "chunkNumber"
            )
        case .place(let file, _), .spool(let file):
            guard file.length == expected || file.isClosed else {
                throw Self.wrongLength(number, expected: expected, got: file.length)
            }
        }
        guard try await beginSettling(number, of: upload) else { return }
        defer { active.withLock { _ = $0.entries[upload.id]?.settling.remove(number) } }
        switch writer.target {
        case .discard: return
        case .place(let file, _):
            // In this order: once somebody else has closed it, it no longer tells.
            let isRemoved = file.isRemoved
            guard !file.isClosed else {
                throw ServiceError(
                    .unavailable,
                    "Another request sent chunk \(number) at the same time and did not finish. Send it again.",
                    retryAfter: .seconds(1)
                )
            }
            await disk.run { file.close() }
            guard !isRemoved else { throw Self.removedFile }
        case .spool(let file):
            try await moveSpool(file, to: number, of: upload, length: expected)
        }
        try await keepBytes(of: upload, isNew: upload.state == .created)
        try await record(number, of: upload)
        try await keepRecords()
        metrics.received.add(Double(expected), upload.door)
    }

    /// Waits for its turn; false when the part counts already.
    private func beginSettling(_ number: Int, of upload: Upload) async throws -> Bool {
        enum Answer { case mine, wait, counted, unknown }
        while true {
            let answer: Answer = active.withLock { table in
                guard let entry = table.entries[upload.id] else { return .unknown }
                if entry.parts.contains(number) { return .counted }
                return table.entries[upload.id]?.settling.insert(number).inserted == true ? .mine : .wait
            }
            switch answer {
            case .mine: return true
            case .counted: return false
            case .wait: try await Task.sleep(for: .milliseconds(5))
            case .unknown:
                // It was completed, failed or expired while the bytes came.
                let now = try await admit(upload.id, for: upload.owner).upload
                guard now.acceptsParts else { return false }
            }
        }
    }

    private func moveSpool(_ file: StagedFile, to number: Int, of upload: Upload, length: Int64) async throws {
        let target = stagedPath(upload.id)
        try await disk.run { [self] in
            file.close()
            let entry = active.withLock { $0.entries[upload.id] }
            // Retired meanwhile: its file may be the original by now. Recording will say what has become of it.
            guard let entry else { return }
            // A slower request is writing the same part in place: its bytes go nowhere from here on.
            entry.writing[number]?.close()
            try StagedFile.place(
                file.path,
                into: target,
                at: Int64(number) * upload.partSize,
                length: length,
                making: entry.parts.count == 0
            )
        }
    }

    private func record(_ number: Int, of upload: Upload) async throws {
        let now = Timestamp.now
        let id = upload.id
        let isOpen = try await database.write { transaction -> Bool in
            let open = try transaction.first(
                "SELECT id FROM uploads WHERE id = \(id) AND state IN ('created', 'receiving')"
            )
            guard open != nil else { return false }
            // Taken out since: the file that has its bytes is lost, and what is there now has a hole in their place.
            let isSettling = self.active.withLock { $0.entries[id]?.settling.contains(number) ?? false }
            guard isSettling else { throw Self.removedFile }
            let inserted = try transaction.run(
                "INSERT INTO upload_parts (upload_id, number) VALUES (\(id), \(number)) ON CONFLICT DO NOTHING"
            )
            guard inserted == 1 else { return true }
            try transaction.run(
                """
                UPDATE uploads SET received = received + 1, state = 'receiving', last_part_at = \(now)
                WHERE id = \(id)
                """
            )
            return true
        }
        guard isOpen else {
            throw ServiceError(.gone, "Upload not found: it ended while the chunk was sent. Begin a new one.")
        }
        let prefix: Int64? = active.withLock { table in
            guard table.entries[id]?.parts.insert(number) == true, let entry = table.entries[id] else { return nil }
            table.entries[id]?.upload.received = entry.parts.count
            table.entries[id]?.upload.state = .receiving
            table.entries[id]?.upload.lastPartAt = now
            return min(upload.size, Int64(entry.parts.prefix) * upload.partSize)
        }
        if let prefix { hasher(of: upload).advance(id, path: stagedPath(id), to: prefix) }
    }
}
