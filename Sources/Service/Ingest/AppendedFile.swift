package import Core

/// What a client says of a file that it will append to, from the first byte to the last.
package struct AppendedFile: Sendable {
    /// The protocol that begins the upload: its limits are the upload's.
    package let door: String
    package let fileName: String
    /// The declared media type; what is inside decides.
    package let fileType: String
    /// Bytes; nil when the length is to come.
    package let size: Int64?
    package let metadata: [String: JSONValue]
    /// The metadata as the client wrote it, to be echoed.
    package let writtenMetadata: String?
    /// Of how many files this is one part only.
    package let isPartial: Bool
    /// The session of the user's that it belongs to; the first user who names a session owns it.
    package let session: String?
    /// The hashes that the whole must have: verified before the upload is complete.
    package let stated: StatedHashes
    /// Whether only a piece that says so ends the upload; otherwise its length does.
    package let endsWhenTold: Bool

    package init(
        door: String,
        fileName: String,
        fileType: String,
        size: Int64?,
        metadata: [String: JSONValue] = [:],
        writtenMetadata: String? = nil,
        isPartial: Bool = false,
        session: String? = nil,
        stated: StatedHashes = StatedHashes(),
        endsWhenTold: Bool = false
    ) {
        self.door = door
        self.fileName = fileName
        self.fileType = fileType
        self.size = size
        self.metadata = metadata
        self.writtenMetadata = writtenMetadata
        self.isPartial = isPartial
        self.session = session
        self.stated = stated
        self.endsWhenTold = endsWhenTold
    }

    /// - Throws: `.invalidRequest` with the field, `.tooLarge`.
    func check(_ limits: DoorLimits) throws {
        try AnnouncedFile.check(fileName: fileName, fileType: fileType)
        if let size { try limits.check(size: size) }
    }
}

extension DoorLimits {
    /// - Throws: `.tooLarge`.
    func check(size: Int64) throws {
        guard size <= maximumSize else {
            throw ServiceError(
                .tooLarge,
                "File size exceeds maximum allowed size: \(size) bytes, allowed are \(maximumSize)."
            )
        }
    }
}
