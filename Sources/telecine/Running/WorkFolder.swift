internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A worker's own folder in the data folder's `work`: it holds a lock, so that others know that it lives.
struct WorkFolder: Sendable {
    let path: String
    private let lock: Int32

    /// Makes a folder that nobody sweeps while this process lives.
    ///
    /// - Throws: `Failure` when the data folder cannot be written to.
    static func take(in root: String) throws -> WorkFolder {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        while true {
            let path = "\(root)/\(UUID().uuidString)"
            guard let lock = try locked(path + ".lock") else { continue }
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return WorkFolder(path: path, lock: lock)
        }
    }

    /// At the end of a worker.
    func release() {
        // What cannot be removed is swept by the next service.
        try? FileManager.default.removeItem(atPath: path)
        unlink(path + ".lock")
        // Said, because a child that is just being started holds a copy of the descriptor.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// Removes what killed workers left, and nothing of those that live, whoever started them.
    static func sweep(_ root: String) throws {
        guard FileManager.default.fileExists(atPath: root) else { return }
        let entries = try FileManager.default.contentsOfDirectory(atPath: root)
        for name in Set(entries.map { $0.hasSuffix(".lock") ? String($0.dropLast(5)) : $0 }) {
            guard let lock = try locked("\(root)/\(name).lock") else { continue }
            defer { close(lock) }
            let folder = "\(root)/\(name)"
            if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
            unlink("\(root)/\(name).lock")
        }
    }

    /// Nil when another process holds it, or removed it in the same moment.
    private static func locked(_ path: String) throws -> Int32? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure("\(path) cannot be made: \(String(cString: strerror(errno))).")
        }
        var status = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
