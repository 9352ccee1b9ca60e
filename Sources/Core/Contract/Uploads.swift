/// The body of `POST /api/uploads/init`.
public struct UploadInitRequest: Codable, Hashable, Sendable {
    /// The file's name, without a folder.
    public let filename: String
    /// Its length in bytes, at least 1.
    public let fileSize: Int64
    /// Its media type, as declared; what is inside decides.
    public let fileType: String
    /// Whatever belongs to the file; `title` and `description` are shown.
    public let metadata: [String: JSONValue]?
    /// The SHA-256 of the whole file in hexadecimal, verified before the upload counts.
    public let fileHash: String?

    /// Announces a file.
    public init(
        filename: String,
        fileSize: Int64,
        fileType: String,
        metadata: [String: JSONValue]? = nil,
        fileHash: String? = nil
    ) {
        self.filename = filename
        self.fileSize = fileSize
        self.fileType = fileType
        self.metadata = metadata
        self.fileHash = fileHash
    }
}

/// The answer to `POST /api/uploads/init`.
public struct UploadInitResponse: Codable, Hashable, Sendable {
    /// The upload's identifier, a UUID.
    public let uploadId: String
    /// Bytes of every chunk but the last, which has what is left.
    public let chunkSize: Int64
    /// When the upload is swept if it is not complete, RFC 3339 with milliseconds.
    public let expiresAt: String
    /// The asset that has these bytes already, when a `fileHash` was stated and there is one; nothing is forced.
    public let duplicateOf: String?

    /// A place for a file.
    public init(uploadId: String, chunkSize: Int64, expiresAt: String, duplicateOf: String? = nil) {
        self.duplicateOf = duplicateOf
        self.uploadId = uploadId
        self.chunkSize = chunkSize
        self.expiresAt = expiresAt
    }
}

/// The answer to `POST /api/uploads/:uploadId/chunks`.
public struct ChunkReceipt: Codable, Hashable, Sendable {
    /// The upload's identifier.
    public let uploadId: String
    /// The chunk's number, from 0.
    public let chunkNumber: Int
    /// How many different chunks have been received.
    public let received: Int
    /// How many there are.
    public let total: Int

    /// Says that a chunk is kept.
    public init(uploadId: String, chunkNumber: Int, received: Int, total: Int) {
        self.uploadId = uploadId
        self.chunkNumber = chunkNumber
        self.received = received
        self.total = total
    }
}

/// Where an upload stands, in the contract's words.
public enum UploadState: String, Codable, Hashable, Sendable, CaseIterable {
    /// No chunk has been received.
    case initialized
    /// Chunks are being received, or the file is being moved to its store.
    case uploading
    /// Part of the contract; this service has nothing to assemble.
    case assembling
    /// Verifying the file.
    case validating
    /// Computing the file's hash.
    case hashing
    /// Stored; processing comes next.
    case complete
    /// Being processed.
    case processing
    /// The medium is ready.
    case processed
    /// Receiving failed.
    case failed
    /// Processing failed.
    case processingFailed = "processing_failed"

    /// Nothing will change any more.
    public var isFinal: Bool { self == .processed || self == .failed || self == .processingFailed }
}

/// The answer to `GET /api/uploads/:uploadId`.
public struct UploadStatus: Codable, Hashable, Sendable {
    /// The upload's identifier.
    public let uploadId: String
    /// The file's name.
    public let filename: String
    /// The file's length in bytes.
    public let fileSize: Int64
    /// The declared media type.
    public let fileType: String
    /// Where the upload stands.
    public let status: UploadState
    /// Progress of processing, 0–100, never falling; 100 when every rung is complete.
    public let progress: Int
    /// How many different chunks have been received.
    public let receivedChunks: Int
    /// How many there are.
    public let totalChunks: Int
    /// Bytes of every chunk but the last: what a client needs to resume.
    public let chunkSize: Int64?
    /// What belongs to the file.
    public let metadata: [String: JSONValue]
    /// When the upload began, RFC 3339 with milliseconds.
    public let createdAt: String
    /// When the last chunk was received.
    public let lastChunkAt: String?
    /// The medium, as soon as there is one: `asset_<integer>`.
    public let assetId: String?
    /// Why it failed, in words for its owner.
    public let error: String?
    /// The numbers of the chunks that are still to be sent, ascending; absent when there are none.
    public let missingChunks: [Int]?
    /// The master playlist of a video that can be watched while the rest of it is being sent; goes on playing
    /// afterwards.
    ///
    /// Signed, for as long as other stream links.
    public let masterUrl: String?

    /// An upload's state.
    public init(
        uploadId: String,
        filename: String,
        fileSize: Int64,
        fileType: String,
        status: UploadState,
        progress: Int,
        receivedChunks: Int,
        totalChunks: Int,
        chunkSize: Int64? = nil,
        metadata: [String: JSONValue],
        createdAt: String,
        lastChunkAt: String? = nil,
        assetId: String? = nil,
        error: String? = nil,
        missingChunks: [Int]? = nil,
        masterUrl: String? = nil
    ) {
        self.uploadId = uploadId
        self.filename = filename
        self.fileSize = fileSize
        self.fileType = fileType
        self.status = status
        self.progress = progress
        self.receivedChunks = receivedChunks
        self.totalChunks = totalChunks
        self.chunkSize = chunkSize
        self.metadata = metadata
        self.createdAt = createdAt
        self.lastChunkAt = lastChunkAt
        self.assetId = assetId
        self.error = error
        self.missingChunks = missingChunks
        self.masterUrl = masterUrl
    }
}
