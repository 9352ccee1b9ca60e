internal import Core
internal import Crypto
internal import Synchronization
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Follows the contiguous prefix of each upload with SHA-256, on a thread of its own, so that nothing is left to hash
/// at the end.
///
/// The bytes are read back from the page cache: 2 GB/s on one core (MEDIA.md).
///
/// `@unchecked Sendable`: `states` is guarded by the serial queue that is the only one to touch it.
final class PrefixHasher: @unchecked Sendable {
    private struct State {
        var hasher = SHA256()
        var hashed: Int64 = 0
    }

    /// Stays in the processor's cache between being read and being hashed.
    private static let block = 128 << 10

    private let queue: BlockingQueue
    private var states: [UploadID: State] = [:]

    /// `isPatient`: whether everything else goes first, because nobody waits for these hashes.
    init(isPatient: Bool) {
        queue = BlockingQueue("telecine.hash", isPatient: isPatient)
    }

    /// More of the prefix is there: hash it in the background.
    func advance(_ id: UploadID, path: String, to prefix: Int64) {
        queue.later { [self] in
            // A failure shows itself at the end, when the rest is hashed under the eyes of somebody who waits.
            do { try hash(id, path: path, to: prefix) } catch {}
        }
    }

    /// The hash of the whole file, lower-case hexadecimal.
    func finish(_ id: UploadID, path: String, size: Int64) async throws -> String {
        try await queue.run { [self] in
            defer { states[id] = nil }
            try hash(id, path: path, to: size)
            return Hex.encode(states[id, default: State()].hasher.finalize())
        }
    }

    func forget(_ id: UploadID) {
        queue.later { [self] in states[id] = nil }
    }

    private func hash(_ id: UploadID, path: String, to end: Int64) throws {
        var state = states[id] ?? State()
        guard state.hashed < end else {
            states[id] = state
            return
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        // What was hashed stays right: the file was only moved.
        guard file >= 0 else { throw StagedFile.failure("open", errno, path) }
        defer { close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.block, alignment: 16)
        defer { buffer.deallocate() }
        // Set again when all of it was read: a half-hashed state must not stay.
        states[id] = nil
        while state.hashed < end {
            let count = pread(file, buffer.baseAddress, min(buffer.count, Int(end - state.hashed)), off_t(state.hashed))
            guard count > 0 else { throw StagedFile.failure("read", count == 0 ? EIO : errno, path) }
            state.hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            state.hashed += Int64(count)
        }
        states[id] = state
    }
}
