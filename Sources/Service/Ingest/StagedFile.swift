internal import Core
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file that bytes are written to as they arrive, on the thread that received them.
///
/// It never buffers.
///
/// `@unchecked Sendable`: one receiving thread writes; the handler that owns it closes it after that thread is done.
package final class StagedFile: @unchecked Sendable {
    let path: String
    private let descriptor: Int32
    private let start: Int64
    private let limit: Int64
    private let tooLong: @Sendable () -> ServiceError
    /// Bytes written so far.
    package private(set) var length: Int64 = 0
    private var isOpen = true

    /// - `start`: where in the file the first byte goes.
    /// - `limit`: how many bytes may come; more throws `tooLong`.
    init(path: String, at start: Int64, limit: Int64, tooLong: @escaping @Sendable () -> ServiceError) throws {
        self.path = path
        self.start = start
        self.limit = limit
        self.tooLong = tooLong
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StagedFile.failure("open", errno, path) }
    }

    deinit { close() }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard length + Int64(bytes.count) <= limit else { throw tooLong() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = pwrite(
                descriptor,
                UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                rest.count,
                off_t(start + length)
            )
            guard written > 0 else {
                if errno == EINTR { continue }
                throw StagedFile.failure("write", errno, path)
            }
            length += Int64(written)
            rest = rest.dropFirst(written)
        }
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    /// Copies the first `length` bytes of a spooled file to their place in another.
    ///
    /// Blocks: call it off the cooperative pool.
    static func place(_ spool: String, into path: String, at start: Int64, length: Int64) throws {
        let source = open(spool, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw failure("open", errno, spool) }
        defer { _ = closeDescriptor(source) }
        let target = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard target >= 0 else { throw failure("open", errno, path) }
        defer { _ = closeDescriptor(target) }
        var copied: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while copied < length {
            let count = pread(source, buffer.baseAddress, min(buffer.count, Int(length - copied)), off_t(copied))
            guard count > 0 else { throw failure("read", count == 0 ? EIO : errno, spool) }
            var written = 0
            while written < count {
                let result = pwrite(
                    target,
                    buffer.baseAddress?.advanced(by: written),
                    count - written,
                    off_t(start + copied + Int64(written))
                )
                guard result > 0 else { throw failure("write", errno, path) }
                written += result
            }
            copied += Int64(count)
        }
    }

    private static func closeDescriptor(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    /// What the system's refusal means to the client; the path stays in the log.
    static func failure(_ call: String, _ code: Int32, _ path: String) -> ServiceError {
        let detail = "\(call) \(path): \(String(cString: strerror(code)))"
        if code == ENOSPC || code == EDQUOT || code == EFBIG {
            return ServiceError(
                .insufficientStorage,
                "The server's disk is full. Nothing that was acknowledged is lost: try again when there is room.",
                detail: detail
            )
        }
        return ServiceError(.internalFailure, "The server could not store the bytes. Try again.", detail: detail)
    }
}
