internal import Core

/// Which bytes of a file travel under which number.
struct ChunkPlan: Hashable, Sendable {
    struct Chunk: Hashable, Sendable {
        let number: Int
        let offset: Int64
        let length: Int
    }

    let fileSize: Int64
    let chunkSize: Int64

    /// No service asks for larger pieces: each is held in memory while it travels.
    static let largestChunk: Int64 = 256 << 20

    /// - Throws: `TelecineError` when the service's chunk size makes no sense.
    init(fileSize: Int64, chunkSize: Int64) throws(TelecineError) {
        guard fileSize > 0, (1...Self.largestChunk).contains(chunkSize) else {
            throw TelecineError(.unexpectedAnswer, "The service asked for chunks of \(chunkSize) bytes.")
        }
        self.fileSize = fileSize
        self.chunkSize = chunkSize
    }

    var total: Int { Int((fileSize - 1) / chunkSize) + 1 }

    /// The chunk of a number; nil outside the file.
    func chunk(_ number: Int) -> Chunk? {
        guard (0..<total).contains(number) else { return nil }
        let offset = Int64(number) * chunkSize
        return Chunk(number: number, offset: offset, length: Int(min(chunkSize, fileSize - offset)))
    }

    /// What is still to be sent, ascending, from what the service says about the upload.
    func missing(_ status: UploadStatus) -> [Chunk] {
        if let numbers = status.missingChunks { return Set(numbers).sorted().compactMap(chunk) }
        guard status.receivedChunks < status.totalChunks else { return [] }
        // A service that only counts is sent everything again: a repeated chunk does no harm.
        return (0..<total).compactMap(chunk)
    }
}
