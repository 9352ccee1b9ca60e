package import Core
internal import SQL

/// Sessions that clients name: each belongs to the first user who named it.
extension Ingest {
    /// - Throws: `.invalidRequest`; `.forbidden` when it is somebody else's.
    static func claim(session: String, for owner: UserID, in transaction: any Connection) throws {
        guard (1...255).contains(session.utf8.count) else {
            throw ServiceError(.invalidRequest, "session_id must have 1 to 255 bytes.", field: "session_id")
        }
        try transaction.run(
            """
            INSERT INTO upload_sessions (id, user_id) VALUES (\(session), \(owner)) ON CONFLICT DO NOTHING
            """
        )
        let row = try transaction.first("SELECT user_id FROM upload_sessions WHERE id = \(session)")
        guard try row?.get("user_id", as: UserID.self) == owner else { throw ServiceError(.forbidden, "Access denied") }
    }

    /// Lets a client that names an upload by its address say what it would say of a new one.
    ///
    /// What was said before stays.
    ///
    /// - Throws: as `look`, and `.invalidRequest` when the length is another; `.forbidden` for somebody else's session.
    package func adopt(
        _ id: UploadID,
        as file: AppendedFile,
        owner: UserID
    ) async throws -> UploadProgress {
        let found = try await look(id, for: owner, settling: true)
        guard found.upload.form != .final else {
            throw ServiceError(.forbidden, "This upload is made of others: nothing can be appended to it.")
        }
        if let size = file.size, found.upload.isLengthKnown {
            guard size == found.upload.size else {
                throw ServiceError(
                    .lengthMismatch,
                    "This upload has \(found.upload.size) bytes, the request announces \(size)."
                )
            }
        }
        try await database.write { transaction in
            if let session = file.session { try Self.claim(session: session, for: owner, in: transaction) }
            guard let written = file.writtenMetadata else { return }
            try transaction.run(
                "UPDATE uploads SET written_metadata = \(written) WHERE id = \(id) AND written_metadata IS NULL"
            )
        }
        return try await look(id, for: owner)
    }
}
