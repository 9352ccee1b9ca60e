package import Core
internal import Crypto
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Objects as files under a root folder, each at the path of its key.
///
/// New content is written to `.tmp` in the same folder, then renamed. Several processes may share a root.
package struct DiskStore: ObjectStore {
    /// What is left in `.tmp` longer than this belongs to nobody any more.
    private static let leftoverAge = Duration.seconds(3600)
    /// Of a chunk that `get` reads.
    private static let chunkSize = 256 * 1024
    /// Enough to keep a disk and a few slow `fsync`s busy.
    private static let threads = 8

    private let path: String
    private let durable: Bool
    let root: Folder
    private let aside: Folder
    let pool = BlockingPool(width: threads)

    /// Opens or makes the root folder and sweeps what crashed puts have left.
    ///
    /// Blocks, so call it at start.
    ///
    /// - Parameters:
    ///   - root: the folder's path.
    ///   - durable: whether a put returns only when it would survive a power cut. Without, it survives the
    ///     end of the process.
    /// - Throws: a `ServiceError` that says in its detail what is wrong with the folder.
    package init(root: String, durable: Bool) throws(ServiceError) {
        path = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
        self.durable = durable
        self.root = try Folder(path: path)
        aside = try self.root.makeFolder(".tmp", durable: durable)
        try sweep(before: .now + (.zero - Self.leftoverAge))
    }

    private func sweep(before limit: Timestamp) throws(ServiceError) {
        for entry in try aside.entries() where !entry.isFolder {
            if let status = try aside.status(of: entry.name), status.modified < limit { try aside.remove(entry.name) }
        }
    }

    package func localPath(_ key: ObjectKey) -> String? {
        "\(path)/\(key.rawValue)"
    }

    // MARK: - Writing

    package func put(_ key: ObjectKey, bytes: [UInt8]) async throws -> ObjectInfo {
        try await pool.run {
            try writeAside(key) { file throws(ServiceError) in try file.write(bytes) }
        }
    }

    package func put(_ key: ObjectKey, file source: String, consuming: Bool) async throws -> ObjectInfo {
        try await pool.run {
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            let file = Descriptor(try check("open \(source)") { open(source, flags) })
            guard try file.status().isFile else { throw ServiceError(errno: EINVAL, "\(source) is no file") }
            if consuming, let info = try takeOver(key, file, at: source) { return info }
            let info = try writeAside(key) { copy throws(ServiceError) in try copy.copy(file) }
            if consuming { try check("unlink \(source)") { unlink(source) } }
            return info
        }
    }

    package func put(
        _ key: ObjectKey,
        stream body: (ObjectWriter) async throws -> Void
    ) async throws -> ObjectInfo {
        let name = Self.newName()
        let file = try await pool.run { try aside.makeFile(name) }
        do {
            try await body(ObjectWriter { bytes in try await pool.run { try file.write(bytes) } })
            return try await pool.run { try publish(name, file, as: key) }
        } catch {
            // What cannot be removed now is swept at a later start.
            _ = try? await pool.run { try aside.remove(name) }
            throw error
        }
    }

    package func copy(_ from: ObjectKey, to: ObjectKey) async throws -> ObjectInfo {
        try await pool.run {
            let source = try openObject(from)
            return try writeAside(to) { file throws(ServiceError) in try file.copy(source) }
        }
    }

    private static func newName() -> String {
        Hex.encode(SecureRandom.bytes(16))
    }

    /// Writes a new file aside and gives it its name; leaves nothing when it fails.
    private func writeAside(
        _ key: ObjectKey,
        _ body: (Descriptor) throws(ServiceError) -> Void
    ) throws(ServiceError) -> ObjectInfo {
        let name = Self.newName()
        let file = try aside.makeFile(name)
        do throws(ServiceError) {
            try body(file)
            return try publish(name, file, as: key)
        } catch {
            _ = try? aside.remove(name)
            throw error
        }
    }

    private func publish(_ name: String, _ file: Descriptor, as key: ObjectKey) throws(ServiceError) -> ObjectInfo {
        if durable { try file.sync() }
        guard let info = try rename(aside.descriptor.number, name, file, to: key) else {
            throw ServiceError(errno: EXDEV, "rename to \(key)")
        }
        return info
    }

    /// Moves a file to its place; nil when it lies on another file system.
    private func takeOver(
        _ key: ObjectKey,
        _ file: Descriptor,
        at source: String
    ) throws(ServiceError) -> ObjectInfo? {
        guard try file.status().st_dev == root.descriptor.status().st_dev else { return nil }
        // The object is new now, whenever its bytes were written.
        try check("futimens") { futimens(file.number, nil) }
        if durable { try file.sync() }
        return try rename(AT_FDCWD, source, file, to: key)
    }

    /// Nil when the key lies on another file system, which bind mounts show only now.
    private func rename(
        _ folder: Int32,
        _ name: String,
        _ file: Descriptor,
        to key: ObjectKey
    ) throws(ServiceError) -> ObjectInfo? {
        let segments = key.segments
        let leaf = String(segments[segments.count - 1])
        // A delete next door may remove the folder between its making and the rename: then it is made again.
        for attempt in 1... {
            do throws(ServiceError) {
                var parent = root
                for segment in segments.dropLast() { parent = try parent.makeFolder(segment, durable: durable) }
                if renameat(folder, name, parent.descriptor.number, leaf) != 0 {
                    if errno == EXDEV { return nil }
                    throw ServiceError(errno: errno, "rename to \(key)")
                }
                if durable { try parent.descriptor.sync() }
                return describe(key, try file.status())
            } catch  where error.code == .notFound && attempt < 100 {}
        }
        return nil
    }

    // MARK: - Reading

    package func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody {
        let (file, info) = try await pool.run { () throws -> (Descriptor, ObjectInfo) in
            let file = try openObject(key)
            return (file, describe(key, try file.status()))
        }
        let whole = 0..<info.size
        let range = range?.clamped(to: whole) ?? whole
        let position = Position(range.lowerBound)
        return ObjectBody(info: info, range: range) {
            let chunk = position.next(Self.chunkSize, upTo: range.upperBound)
            guard !chunk.isEmpty else { return nil }
            return try await pool.run {
                let bytes = try file.read(at: chunk.lowerBound, count: chunk.count)
                guard bytes.count == chunk.count else {
                    throw ServiceError(.internalFailure, "The storage failed.", detail: "\(key) became shorter")
                }
                return bytes
            }
        }
    }

    package func head(_ key: ObjectKey) async throws -> ObjectInfo? {
        try await pool.run {
            let segments = key.segments
            guard let parent = try folder(segments.dropLast()),
                let status = try parent.status(of: segments[segments.count - 1]), status.isFile
            else { return nil }
            return describe(key, status)
        }
    }

    private func openObject(_ key: ObjectKey) throws(ServiceError) -> Descriptor {
        let segments = key.segments
        guard let file = try folder(segments.dropLast())?.file(segments[segments.count - 1]) else {
            throw ServiceError(errno: ENOENT, "open \(key)")
        }
        return file
    }

    /// The folder at the end of a path of names; nil when one of them is no folder.
    func folder(_ names: ArraySlice<Substring>) throws(ServiceError) -> Folder? {
        var folder = root
        for name in names {
            guard let next = try folder.folder(name) else { return nil }
            folder = next
        }
        return folder
    }

    func describe(_ key: ObjectKey, _ status: stat) -> ObjectInfo {
        ObjectInfo(key: key, size: Int64(status.st_size), modified: status.modified, etag: status.etag)
    }

    // MARK: - Deleting

    package func delete(_ key: ObjectKey) async throws {
        try await pool.run { try remove(key) }
    }

    package func delete(prefix: String) async throws -> Int {
        guard prefix.hasSuffix("/"), ObjectKey.isPrefix(prefix) else {
            throw ServiceError(.invalidRequest, "A folder of objects ends in a slash.")
        }
        var count = 0
        while true {
            let page = try await list(prefix: prefix, after: nil, limit: 1000)
            if page.isEmpty { return count }
            count += try await pool.run {
                var removed = 0
                for object in page where try remove(object.key) { removed += 1 }
                return removed
            }
        }
    }

    /// Removes an object and the folders that it leaves empty.
    @discardableResult
    private func remove(_ key: ObjectKey) throws(ServiceError) -> Bool {
        let segments = key.segments
        var folders = [root]
        for segment in segments.dropLast() {
            guard let next = try folders[folders.count - 1].folder(segment) else { return false }
            folders.append(next)
        }
        let parent = folders[folders.count - 1]
        guard let status = try parent.status(of: segments[segments.count - 1]), status.isFile,
            try parent.remove(segments[segments.count - 1])
        else { return false }
        if durable { try parent.descriptor.sync() }
        for (folder, name) in zip(folders, segments).dropLast().reversed() {
            guard folder.removeIfEmpty(name) else { break }
        }
        return true
    }
}

/// How far a body was read.
private final class Position: Sendable {
    private let offset: Mutex<Int64>

    init(_ offset: Int64) {
        self.offset = Mutex(offset)
    }

    func next(_ size: Int, upTo end: Int64) -> Range<Int64> {
        offset.withLock { offset in
            let start = offset
            offset = min(start + Int64(size), end)
            return start..<offset
        }
    }
}
