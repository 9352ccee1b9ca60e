package import Core
internal import SQL

/// What is known of a file only after its bytes have come.
package struct ReceivedFile: Sendable {
    package let fileName: String
    /// The media type that its content has.
    package let fileType: String
    /// Whether its files are open to everybody.
    package let isPublic: Bool
    /// Bytes that it may have when it turns out to hold sound alone; nil for no other limit than its door's.
    package let soundSizeLimit: Int64?

    package init(fileName: String, fileType: String, isPublic: Bool, soundSizeLimit: Int64? = nil) {
        self.fileName = fileName
        self.fileType = fileType
        self.isPublic = isPublic
        self.soundSizeLimit = soundSizeLimit
    }
}

/// Files that come in one request, without a length beforehand.
extension Ingest {
    /// Ends an appended upload where its bytes end, and says what it is.
    ///
    /// - Throws: `.invalidRequest` for a file without bytes or with an impossible name, and as `append`.
    package func finish(
        _ id: UploadID,
        as file: ReceivedFile,
        for owner: UserID
    ) async throws -> UploadProgress {
        let (name, type) = (file.fileName, file.fileType)
        try AnnouncedFile.check(fileName: name, fileType: type)
        let progress = try await look(id, for: owner)
        guard let length = progress.offset, length > 0 else {
            throw ServiceError(.invalidRequest, "The submitted file is empty.", field: "file")
        }
        try await database.write {
            try $0.run(
                """
                UPDATE uploads SET file_name = \(name), file_type = \(type), is_public = \(file.isPublic),
                    sound_size_limit = \(file.soundSizeLimit)
                WHERE id = \(id) AND state IN ('created', 'receiving')
                """
            )
        }
        let end = AppendedPiece(offset: length, declaredLength: 0, totalLength: length)
        return try await append(end, to: id, for: owner) { _ in }
    }
}
