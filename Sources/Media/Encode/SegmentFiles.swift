internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Files of a rendition's folder.
///
/// All of it blocks: call it from a thread of its own.
enum SegmentFiles {
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure(path, "created") }
    }

    /// Removes a folder of files, one level deep; a missing one is fine.
    static func removeFolder(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    /// Written aside and renamed: a reader sees all of it or nothing, whoever dies.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let aside = asideName(path)
        let file = try FileWriter(aside)
        do {
            try file.write(bytes)
            try file.close()
        } catch {
            unlink(aside)
            throw error
        }
        guard rename(aside, path) == 0 else {
            unlink(aside)
            throw failure(path, "written")
        }
    }

    private static let asides = Atomic<Int>(0)

    /// A name beside `path` that no other thread or process of this machine uses.
    static func asideName(_ path: String) -> String {
        "\(path).\(getpid())-\(asides.add(1, ordering: .relaxed).newValue).tmp"
    }

    /// Hands a file's bytes over, a megabyte at a time, from an offset to its present end; returns how many they were.
    @discardableResult
    static func read(
        _ path: String,
        from offset: Int = 0,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "read") }
        defer { close(descriptor) }
        var total = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, offset + total)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "read") }
            if count == 0 { return total }
            total += count
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    static func failure(_ path: String, _ verb: String) -> MediaError {
        let reason: MediaError.Reason = errno == ENOSPC || errno == EDQUOT ? .limitExceeded : .file
        let message =
            reason == .file ? "A file of the service could not be \(verb)." : "The service has no disk space left."
        return MediaError(reason, message, detail: "\(path): \(String(cString: strerror(errno)))")
    }
}

/// A new file, written from its beginning.
final class FileWriter {
    private let path: String
    private var descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SegmentFiles.failure(path, "written") }
    }

    func write(_ bytes: some Collection<UInt8>) throws {
        let contiguous = Array(bytes)
        var done = 0
        while done < contiguous.count {
            let count = contiguous[done...].withUnsafeBytes { buffer in
                systemWrite(buffer)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SegmentFiles.failure(path, "written") }
            done += count
        }
    }

    private func systemWrite(_ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    func close() throws {
        let descriptor = descriptor
        self.descriptor = -1
        #if canImport(Glibc)
            let code = Glibc.close(descriptor)
        #else
            let code = Darwin.close(descriptor)
        #endif
        guard code == 0 else { throw SegmentFiles.failure(path, "written") }
    }

    deinit {
        if descriptor >= 0 { try? close() }
    }
}
