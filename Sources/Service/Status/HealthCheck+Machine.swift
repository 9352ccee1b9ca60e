internal import Core
internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the machine tells.
extension HealthCheck {
    /// Whether files can be stored.
    ///
    /// `folders`: the data folder, and those in it that may be disks of their own; `least`: bytes that must be free.
    package static func storage(_ folders: [String], leaving least: Int64) -> HealthCheck {
        HealthCheck(.storage) {
            await onThread { folders.lazy.compactMap { problem(of: $0, leaving: least) }.first }
        }
    }

    private static func problem(of folder: String, leaving least: Int64) -> HealthProblem? {
        guard let disk = Disk(at: folder) else {
            return HealthProblem(
                "missing",
                "A folder of the data folder is missing.",
                detail: "\(folder): \(String(cString: strerror(errno)))"
            )
        }
        // Root may write everywhere, so that a disk that takes nothing is asked for itself.
        guard access(folder, W_OK | X_OK) == 0, !disk.isReadOnly else {
            return HealthProblem(
                "read_only",
                "The data folder cannot be written to.",
                detail: "\(folder) \(disk.isReadOnly ? "is on a read-only disk" : "is not this user's to write")"
            )
        }
        guard disk.free >= least else {
            return HealthProblem(
                "too_full",
                "The disk is nearly full: uploads are about to be refused.",
                detail: "\(folder): \(disk.free) bytes free, \(least) wanted (MIN_FREE_SPACE)"
            )
        }
        return nil
    }

    /// Whether the programs are where they were found at start.
    package static func tools(_ paths: [String]) -> HealthCheck {
        HealthCheck(.tools) {
            await onThread {
                guard let missing = paths.first(where: { access($0, X_OK) != 0 }) else { return nil }
                return HealthProblem("missing", "FFmpeg is not installed any more.", detail: missing)
            }
        }
    }

    /// A disk that hangs holds one thread, not the cooperative pool.
    private static func onThread(
        _ body: @escaping @Sendable () -> HealthProblem?
    ) async -> HealthProblem? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { continuation.resume(returning: body()) }
        }
    }
}

/// The file system of a folder.
struct Disk: Sendable {
    /// Bytes that this user may still take.
    let free: Int64
    /// Bytes in all.
    let size: Int64
    let isReadOnly: Bool

    /// Nil, with `errno`, when there is no such folder.
    init?(at folder: String) {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return nil }
        free = Int64(clamping: UInt64(facts.f_bavail) * UInt64(facts.f_frsize))
        size = Int64(clamping: UInt64(facts.f_blocks) * UInt64(facts.f_frsize))
        isReadOnly = UInt(facts.f_flag) & UInt(ST_RDONLY) != 0
    }

    /// The size of a file; nil when there is none.
    static func bytes(of path: String) -> Int64? {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int64(facts.st_size) : nil
    }
}
