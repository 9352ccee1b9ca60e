internal import Core
internal import Crypto

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

    /// The first bytes of a file; nil when there is none.
    static func head(_ path: String, count: Int) throws -> [UInt8]? {
        let file = system(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", errno, path)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        let read = pread(file, &bytes, count, 0)
        guard read >= 0 else { throw failure("read", errno, path) }
        return Array(bytes.prefix(read))
    }

    /// Reads a whole file through a digest.
    ///
    /// Blocks: call it off the cooperative pool.
    static func hash(_ path: String, _ digest: Digest) throws -> [UInt8] {
        let file = system(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard file >= 0 else { throw failure("open", errno, path) }
        defer { close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw failure("read", errno, path) }
            guard count > 0 else { return digest.finalize() }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Takes away what stands after the first `length` bytes.
    static func cut(_ path: String, to length: Int64) throws {
        guard let now = try Self.length(path), now > length else { return }
        guard truncate(path, off_t(length)) == 0 else { throw failure("truncate", errno, path) }
    }

    /// Waits until the disk has a file's content and length; nothing when there is none.
    ///
    /// Blocks: call it off the cooperative pool.
    static func sync(_ path: String) throws {
        let file = system(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard file >= 0 else {
            if errno == ENOENT { return }
            throw failure("open", errno, path)
        }
        defer { close(file) }
        #if canImport(Glibc)
            let result = fdatasync(file)
        #else
            // fsync alone stops at the drive's own memory.
            let result = fcntl(file, F_FULLFSYNC)
        #endif
        guard result == 0 else { throw failure("sync", errno, path) }
    }

    /// Waits until the disk has a folder's entries.
    static func sync(folder: String) throws {
        let file = system(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard file >= 0 else { throw failure("open", errno, folder) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("sync", errno, folder) }
    }

    /// Bytes that may still be written to a folder's file system; nil when it does not tell.
    static func room(at folder: String) -> Int64? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, isHuge) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isHuge ? nil : Int64(clamping: bytes)
    }

    /// Where in a range the first byte is missing; nil when all of them were written.
    ///
    /// What a disk had not been given when the power went is a hole in a file or its missing end.
    static func firstHole(_ path: String, in range: Range<Int64>) throws -> Int64? {
        let file = system(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard file >= 0 else {
            if errno == ENOENT { return range.lowerBound }
            throw failure("open", errno, path)
        }
        defer { close(file) }
        // SEEK_HOLE, a macro that may not import; past the end of the file it fails with ENXIO.
        #if canImport(Glibc)
            let hole = lseek(file, off_t(range.lowerBound), 4)
        #else
            let hole = lseek(file, off_t(range.lowerBound), 3)
        #endif
        if hole < 0 {
            guard errno == ENXIO else { throw failure("seek", errno, path) }
            return range.lowerBound
        }
        return Int64(hole) < range.upperBound ? Int64(hole) : nil
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
