internal import Core

/// Cuts bytes that come in order into the parts of a numbered upload, on the thread that received them.
///
/// A part counts as soon as it is whole, or, with a checksum, when all of them are verified.
///
/// `@unchecked Sendable`: one receiving thread writes; the task that owns it looks at it after that thread is done.
final class PartRun: PieceWriter, @unchecked Sendable {
    /// Parts whose files stay open until the checksum is known.
    private static let mostUnverified = 256

    private let ticket: PartTicket
    private let lease: Lease
    private var position: Int64
    private var hasher: PieceHasher?
    private var current: (writer: PartWriter, number: Int)?
    private var commits: [Task<Void, any Error>] = []
    /// Whole parts that wait for the checksum.
    private(set) var unverified: [(writer: PartWriter, number: Int)] = []

    init(ingest: Ingest, upload: Upload, at position: Int64, lease: Lease, checksum: PieceChecksum?) {
        ticket = PartTicket(upload: upload, ingest: ingest)
        self.lease = lease
        self.position = position
        hasher = checksum?.makeHasher()
    }

    /// The part that is not whole.
    var torn: PartWriter? { current?.writer }

    /// Whether bytes came and no part became whole.
    var isInVain: Bool { current != nil && commits.isEmpty && unverified.isEmpty }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        lease.touch()
        hasher?.update(bytes)
        var rest = bytes
        while !rest.isEmpty { rest = try writeToPart(rest) }
        lease.touch()
    }

    /// What is left after the part that comes next.
    private func writeToPart(_ bytes: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        let upload = ticket.upload
        guard position < upload.size else { throw AppendWriter.tooLong }
        let number = Int(position / upload.partSize)
        let writer = try current?.writer ?? ticket.open(number: number)
        current = (writer, number)
        let end = min(upload.size, Int64(number + 1) * upload.partSize)
        let count = min(bytes.count, Int(end - position))
        try writer.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        position += Int64(count)
        if position == end {
            current = nil
            try finish(writer, number)
        }
        return UnsafeRawBufferPointer(rebasing: bytes[count...])
    }

    private func finish(_ writer: PartWriter, _ number: Int) throws {
        guard hasher == nil else {
            unverified.append((writer, number))
            guard unverified.count <= Self.mostUnverified else {
                throw ServiceError(.invalidRequest, "A piece with a checksum is too long: send shorter ones.")
            }
            return
        }
        commits.append(commit(writer, number))
    }

    private func commit(_ writer: PartWriter, _ number: Int) -> Task<Void, any Error> {
        Task { [ticket] in
            _ = try await ticket.ingest.commit(writer, number: number, total: nil, for: ticket)
        }
    }

    /// Returns when every whole part counts.
    func commitAll() async throws {
        commits += unverified.map { commit($0.writer, $0.number) }
        var failure: (any Error)?
        for commit in commits {
            do { try await commit.value } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Called once, after the last byte.
    func matches(_ checksum: PieceChecksum) throws -> Bool {
        guard let hasher else { return false }
        return try checksum.isMet(by: hasher)
    }
}
