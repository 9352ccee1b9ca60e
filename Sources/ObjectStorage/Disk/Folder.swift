internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An open folder inside the root.
///
/// What is reached through it, name by name and never over a symbolic link, is inside the root as well.
struct Folder: Sendable {
    /// One name in a folder.
    ///
    /// Symbolic links and devices are left out: the store makes none.
    struct Entry {
        let name: String
        let isFolder: Bool
    }

    let descriptor: Descriptor

    /// Opens a folder by its path, making it and its parents.
    init(path: String) throws(ServiceError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let parent = String(path[..<end])
            if mkdir(parent, 0o700) != 0, errno != EEXIST, access(parent, F_OK) != 0 {
                throw ServiceError(errno: errno, "mkdir \(parent)")
            }
        }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        descriptor = Descriptor(try check("open \(path)") { open(path, flags) })
    }

    private init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// A folder in this one; nil when there is none.
    func folder(_ name: some StringProtocol) throws(ServiceError) -> Folder? {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        return try descend(name, flags).map(Folder.init)
    }

    /// A regular file in this folder, to read; nil when there is none.
    func file(_ name: some StringProtocol) throws(ServiceError) -> Descriptor? {
        // O_NONBLOCK: opening a pipe that somebody put there must not wait for its other end.
        guard let file = try descend(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) else { return nil }
        return try file.status().isFile ? file : nil
    }

    private func descend(_ name: some StringProtocol, _ flags: Int32) throws(ServiceError) -> Descriptor? {
        let name = String(name)
        while true {
            let number = openat(descriptor.number, name, flags)
            if number >= 0 { return Descriptor(number) }
            switch errno {
            case EINTR: continue
            // Not there, or there but a link, a socket or a file where a folder is wanted.
            case ENOENT, ENOTDIR, ELOOP, ENXIO: return nil
            default: throw ServiceError(errno: errno, "open \(name)")
            }
        }
    }

    /// A folder in this one, made when there is none.
    func makeFolder(_ name: some StringProtocol, durable: Bool) throws(ServiceError) -> Folder {
        if let folder = try folder(name) { return folder }
        if mkdirat(descriptor.number, String(name), 0o700) != 0 {
            if errno != EEXIST { throw ServiceError(errno: errno, "mkdir \(name)") }
        } else if durable {
            try descriptor.sync()
        }
        if let folder = try folder(name) { return folder }
        // Removed again meanwhile, or something else of this name.
        throw ServiceError(errno: try status(of: name) == nil ? ENOENT : ENOTDIR, "mkdir \(name)")
    }

    /// A new file in this folder, to write.
    func makeFile(_ name: String) throws(ServiceError) -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return Descriptor(try check("create \(name)") { openat(descriptor.number, name, flags, 0o600) })
    }

    /// What is known of a name without following links; nil when it is not there.
    func status(of name: some StringProtocol) throws(ServiceError) -> stat? {
        var status = stat()
        do throws(ServiceError) {
            let name = String(name)
            try check("stat \(name)") { fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) }
            return status
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Removes a file; false when there is none.
    @discardableResult
    func remove(_ name: some StringProtocol) throws(ServiceError) -> Bool {
        do throws(ServiceError) {
            let name = String(name)
            try check("unlink \(name)") { unlinkat(descriptor.number, name, 0) }
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Removes a folder if it is empty.
    func removeIfEmpty(_ name: some StringProtocol) -> Bool {
        unlinkat(descriptor.number, String(name), AT_REMOVEDIR) == 0
    }

    /// All files and folders in this folder, in no order.
    func entries() throws(ServiceError) -> [Entry] {
        // Another open file description: reading a folder moves its position.
        let copy = try check("open folder") { openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw ServiceError(errno: errno, "fdopendir")
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != "..", let isFolder = try isFolder(name, type: Int32(entry.pointee.d_type)) {
                entries.append(Entry(name: name, isFolder: isFolder))
            }
            errno = 0
        }
        guard errno == 0 else { throw ServiceError(errno: errno, "readdir") }
        return entries
    }

    /// Nil for what is neither a file nor a folder.
    private func isFolder(_ name: String, type: Int32) throws(ServiceError) -> Bool? {
        switch type {
        case Int32(DT_REG): return false
        case Int32(DT_DIR): return true
        case Int32(DT_UNKNOWN):
            guard let status = try status(of: name) else { return nil }
            return status.isFile ? false : status.isFolder ? true : nil
        default: return nil
        }
    }
}

extension stat {
    var isFile: Bool { st_mode & S_IFMT == S_IFREG }
    var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }

    /// Nanoseconds since 1970 of the last change.
    private var modifiedNanoseconds: Int64 {
        #if canImport(Glibc)
            Int64(st_mtim.tv_sec) * 1_000_000_000 + Int64(st_mtim.tv_nsec)
        #else
            Int64(st_mtimespec.tv_sec) * 1_000_000_000 + Int64(st_mtimespec.tv_nsec)
        #endif
    }

    var modified: Timestamp { Timestamp(microseconds: modifiedNanoseconds / 1000) }

    /// Another file under the same name has another inode, time or size.
    var etag: String {
        "\(String(st_ino, radix: 36))-\(String(modifiedNanoseconds, radix: 36))-\(String(st_size, radix: 36))"
    }
}
