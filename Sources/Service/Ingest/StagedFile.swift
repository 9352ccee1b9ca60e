internal import Core
internal import Synchronization
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file that bytes are written to as they arrive, on the thread that received them.
///
/// It never buffers. Once closed, by whoever, it takes no byte any more: what still arrives is dropped.
package final class StagedFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var length: Int64 = 0
        var isClosed = false
    }

    let path: String
    private let start: Int64
    private let limit: Int64
    private let tooLong: @Sendable () -> ServiceError
    /// Held while bytes are written, so that nothing is written after `close` has returned.
    ///
    /// Only the receiving thread and the one that closes ever meet here.
    private let state = Mutex(State())

    /// - `start`: where in the file the first byte goes.
    /// - `limit`: how many bytes may come; more throws `tooLong`.
    init(path: String, at start: Int64, limit: Int64, tooLong: @escaping @Sendable () -> ServiceError) {
        self.path = path
        self.start = start
        self.limit = limit
        self.tooLong = tooLong
    }

    deinit { close() }

    /// Bytes written so far.
    var length: Int64 { state.withLock { $0.length } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Whether nothing names the file any more: somebody removed it while it was open.
    var isRemoved: Bool {
        state.withLock { state in
            var status = stat()
            return state.descriptor >= 0 && fstat(state.descriptor, &status) == 0 && status.st_nlink == 0
        }
    }

    /// Nothing when it was closed before.
    ///
    /// `making`: the file if need be.
    func open(making: Bool = true) throws {
        try state.withLock { state in
            guard !state.isClosed else { return }
            state.descriptor = systemOpen(path, Self.writing(making: making), 0o600)
            guard state.descriptor >= 0 else { throw StagedFile.failure("open", errno, path) }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard !state.isClosed else { return }
            guard state.length + Int64(bytes.count) <= limit else { throw tooLong() }
            let place = start + state.length
            try StagedFile.write(bytes, to: state.descriptor, at: place, path: path)
            state.length += Int64(bytes.count)
        }
    }

    /// Blocks while a piece is being written.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if state.descriptor >= 0 { systemClose(state.descriptor) }
            state.descriptor = -1
        }
    }

    /// Copies the first `length` bytes of a spooled file to their place in another.
    ///
    /// Blocks: call it off the cooperative pool.
    ///
    /// `making`: the other file if need be.
    static func place(
        _ spool: String,
        into path: String,
        at start: Int64,
        length: Int64,
        making: Bool
    ) throws {
        let source = systemOpen(spool, O_RDONLY | O_CLOEXEC, 0)
        guard source >= 0 else { throw failure("open", errno, spool) }
        defer { systemClose(source) }
        let target = systemOpen(path, writing(making: making), 0o600)
        guard target >= 0 else { throw failure("open", errno, path) }
        defer { systemClose(target) }
        var copied: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while copied < length {
            let count = pread(source, buffer.baseAddress, min(buffer.count, Int(length - copied)), off_t(copied))
            guard count > 0 else { throw failure("read", count == 0 ? EIO : errno, spool) }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: target, at: start + copied, path: path)
            copied += Int64(count)
        }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: Int32,
        at place: Int64,
        path: String
    ) throws {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(place) + off_t(written))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", count == 0 ? EIO : errno, path) }
            written += count
        }
    }

    private static func writing(making: Bool) -> Int32 {
        O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (making ? O_CREAT : 0)
    }
}

/// The names alone would mean the methods.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

private func systemClose(_ descriptor: Int32) { close(descriptor) }
