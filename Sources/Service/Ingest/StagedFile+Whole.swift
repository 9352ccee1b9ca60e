internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What is done to staged files by their names.
extension StagedFile {
    /// Bytes of a file; nil when there is none.
    static func length(_ path: String) throws -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failure("stat", errno, path)
        }
        return Int64(status.st_size)
    }

    /// Takes away what stands after the first `length` bytes.
    static func cut(_ path: String, to length: Int64) throws {
        guard let now = try Self.length(path), now > length else { return }
        guard truncate(path, off_t(length)) == 0 else { throw failure("truncate", errno, path) }
    }

    /// Makes a file of the contents of others, in their order; without copying where the file system shares blocks.
    ///
    /// Blocks: call it off the cooperative pool.
    static func concatenate(_ paths: [String], into target: String) throws {
        let output = system(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw failure("open", errno, target) }
        defer { close(output) }
        var end: Int64 = 0
        for path in paths {
            let input = system(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
            guard input >= 0 else { throw failure("open", errno, path) }
            defer { close(input) }
            guard let length = try Self.length(path) else { throw failure("open", ENOENT, path) }
            if length > 0, !share(input, with: output, at: end) {
                try copy(input, to: output, at: end, length: length, path)
            }
            end += length
        }
    }

    /// Lets two files share their blocks; false where the file system cannot (all but Btrfs, XFS and their like), and
    /// where the place is no block's beginning.
    private static func share(_ input: Int32, with output: Int32, at start: Int64) -> Bool {
        #if canImport(Glibc)
            // `struct file_clone_range` and FICLONERANGE of linux/fs.h, a macro that does not import.
            var range: (source: Int64, from: UInt64, length: UInt64, to: UInt64) = (Int64(input), 0, 0, UInt64(start))
            return ioctl(output, 0x4020_940D, &range) == 0
        #else
            return false
        #endif
    }

    private static func copy(
        _ input: Int32,
        to output: Int32,
        at start: Int64,
        length: Int64,
        _ path: String
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var copied: Int64 = 0
        while copied < length {
            let count = pread(input, buffer.baseAddress, min(buffer.count, Int(length - copied)), off_t(copied))
            guard count > 0 else { throw failure("read", count == 0 ? EIO : errno, path) }
            var written = 0
            while written < count {
                let place = off_t(start + copied + Int64(written))
                let result = pwrite(output, buffer.baseAddress?.advanced(by: written), count - written, place)
                guard result > 0 else { throw failure("write", errno, path) }
                written += result
            }
            copied += Int64(count)
        }
    }

    /// `open` and `close` alone would mean the methods.
    private static func system(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags, mode)
        #else
            Darwin.open(path, flags, mode)
        #endif
    }

    private static func close(_ file: Int32) {
        #if canImport(Glibc)
            Glibc.close(file)
        #else
            Darwin.close(file)
        #endif
    }
}
