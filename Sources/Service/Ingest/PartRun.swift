internal import Core

/// Cuts bytes that come in order into the parts of a numbered upload, on the thread that received them.
///
/// `@unchecked Sendable`: one receiving thread writes; the task that owns it looks at it after that thread is done.
final class PartRun: PieceWriter, @unchecked Sendable {
    private let ingest: Ingest
    private let upload: Upload
    private let lease: Lease
    private var position: Int64
    private var hasher: PieceHasher?
    private var current: (writer: PartWriter, number: Int)?
    private var full: [(writer: PartWriter, number: Int)] = []

    init(ingest: Ingest, upload: Upload, at position: Int64, lease: Lease, checksum: PieceChecksum?) {
        self.ingest = ingest
        self.upload = upload
        self.lease = lease
        self.position = position
        hasher = checksum?.makeHasher()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        lease.touch()
        hasher?.update(bytes)
        var rest = bytes
        while !rest.isEmpty {
            guard position < upload.size else { throw AppendWriter.tooLong }
            let number = Int(position / upload.partSize)
            let writer = try current?.writer ?? ingest.open(upload, number: number)
            current = (writer, number)
            let end = min(upload.size, Int64(number + 1) * upload.partSize)
            let count = min(rest.count, Int(end - position))
            try writer.write(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            position += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if position == end {
                writer.closeFile()
                full.append((writer, number))
                current = nil
            }
        }
        lease.touch()
    }

    /// The parts that are whole, and the one that is not.
    func end() -> (full: [(writer: PartWriter, number: Int)], torn: PartWriter?) {
        (full, current?.writer)
    }

    /// Called once, after the last byte.
    func matches(_ checksum: PieceChecksum) -> Bool {
        hasher?.finish() == checksum.expected
    }
}
