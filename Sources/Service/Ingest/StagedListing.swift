internal import Core
internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The staged files as they are now.
struct StagedListing: Sendable {
    struct File: Sendable {
        let name: String
        let bytes: Int64
        let modified: Timestamp
    }

    let files: [File]
    private let byUpload: [Substring: [File]]

    /// Blocks: call it off the cooperative pool.
    init(_ folder: String) throws {
        files = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
            var status = stat()
            // Gone meanwhile, or not ours.
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            #if canImport(Glibc)
                let time = status.st_mtim
            #else
                let time = status.st_mtimespec
            #endif
            return File(
                name: name,
                bytes: Int64(status.st_size),
                modified: Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
            )
        }
        byUpload = Dictionary(grouping: files) { $0.name.prefix { $0 != "." } }
    }

    /// When anything of an upload was last written to; nil when nothing of it is there.
    func lastWrite(of id: UploadID) -> Timestamp? {
        byUpload[id.rawValue[...]]?.map(\.modified).max()
    }

    /// Bytes of an upload's own file.
    func bytes(of id: UploadID) -> Int64 {
        byUpload[id.rawValue[...]]?.first { $0.name.hasSuffix(".data") }?.bytes ?? 0
    }
}

/// Held by the one that sweeps; gone with its process, however that ends.
struct SweepLock: Sendable {
    private let descriptor: Int32

    /// Nil when another holds it.
    init?(beside folder: String) throws {
        let path = folder + ".sweep"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StagedFile.failure("open", errno, path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw StagedFile.failure("lock", code, path) }
            return nil
        }
    }

    func release() {
        // Said, because a child that is just being started holds a copy of the descriptor until it becomes a program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
