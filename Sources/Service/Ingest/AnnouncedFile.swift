package import Core
internal import Crypto

/// What a client says of a file before it sends it.
package struct AnnouncedFile: Sendable {
    /// The protocol that began the upload: its limits are the upload's.
    package let door: String
    package let fileName: String
    /// The declared media type; what is inside decides.
    package let fileType: String
    /// Bytes.
    package let size: Int64
    package let metadata: [String: JSONValue]
    /// The SHA-256 that the file must have, in hexadecimal.
    package let hash: String?

    package init(
        door: String,
        fileName: String,
        fileType: String,
        size: Int64,
        metadata: [String: JSONValue] = [:],
        hash: String? = nil
    ) {
        self.door = door
        self.fileName = fileName
        self.fileType = fileType
        self.size = size
        self.metadata = metadata
        self.hash = hash
    }

    /// - Throws: `.invalidRequest` with the field, `.tooLarge`.
    func check(maximumSize: Int64) throws {
        try Self.check(fileName: fileName, fileType: fileType)
        guard size > 0 else { throw Self.wrong("fileSize", "must be at least 1 byte: the file is empty.") }
        guard size <= maximumSize else {
            throw ServiceError(
                .tooLarge,
                "File size exceeds maximum allowed size: \(size) bytes, allowed are \(maximumSize).",
                field: "fileSize"
            )
        }
        guard hash.map({ $0.utf8.count == 64 && Hex.decode($0) != nil }) ?? true else {
            throw Self.wrong("fileHash", "must be a SHA-256 of 64 hexadecimal digits, or absent.")
        }
    }

    /// - Throws: `.invalidRequest` with the field.
    static func check(fileName: String, fileType: String) throws {
        // Only ever shown: no file is named by it.
        guard (1...255).contains(fileName.utf8.count), !hasControls(fileName) else {
            throw wrong("filename", "must be a name of 1 to 255 bytes without control characters.")
        }
        guard fileType.utf8.count <= 255, !hasControls(fileType) else {
            throw wrong("fileType", "must be a media type, such as video/mp4.")
        }
    }

    private static func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    private static func wrong(_ field: String, _ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "\(field) \(words)", field: field)
    }
}
