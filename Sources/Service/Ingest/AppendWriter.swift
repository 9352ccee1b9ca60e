internal import Core

/// Takes the bytes of one request to an appended upload, on the thread that received them.
///
/// `@unchecked Sendable`: one receiving thread writes; the task that owns it looks at it after that thread is done.
final class AppendWriter: PieceWriter, @unchecked Sendable {
    private let file: StagedFile
    private let lease: Lease
    private let room: Int64
    private var hasher: PieceHasher?
    /// Told now and then how far the file has come, so that its hash follows.
    private let onProgress: (@Sendable (Int64) -> Void)?
    private var told: Int64 = 0
    private let start: Int64

    /// Bytes between two words about progress: little enough that the hash ends soon after the last byte.
    private static let progressStep: Int64 = 8 << 20

    init(
        path: String,
        at start: Int64,
        room: Int64,
        lease: Lease,
        checksum: PieceChecksum?,
        onProgress: (@Sendable (Int64) -> Void)?
    ) throws {
        file = StagedFile(path: path, at: start, limit: room, tooLong: { Self.tooLong })
        self.start = start
        self.room = room
        self.lease = lease
        self.onProgress = onProgress
        hasher = checksum?.makeHasher()
        try file.open()
    }

    /// Bytes of this request that are in the file.
    var length: Int64 { file.length }

    /// Writes on the calling thread.
    ///
    /// What fits within the upload's length counts, also when more comes.
    ///
    /// - Throws: `ServiceError` when more comes than the upload's length or the disk refuses.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        lease.touch()
        let fitting = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(clamping: room - file.length))])
        hasher?.update(fitting)
        try file.write(fitting)
        if file.length - told >= Self.progressStep {
            told = file.length
            onProgress?(start + told)
        }
        if fitting.count < bytes.count { throw Self.tooLong }
        // A slow disk is not the client's silence.
        lease.touch()
    }

    /// Whether the file was removed while it was written to: its bytes are nowhere then.
    var isRemoved: Bool { file.isRemoved }

    func close() { file.close() }

    /// Whether the bytes are those that the checksum was made of; called once, after the last byte.
    func matches(_ checksum: PieceChecksum) throws -> Bool {
        guard let hasher else { return false }
        return try checksum.isMet(by: hasher)
    }

    static var tooLong: ServiceError {
        ServiceError(.tooLarge, "The request has more bytes than are left of this upload.")
    }
}
