internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Brings the write-ahead log to the disk, for many commits at once and without holding up the next ones.
///
/// With `synchronous = NORMAL` a commit is a frame in the log that nobody waited for; checkpoints sync the log before
/// they move frames into the database, and the database after that (https://sqlite.org/wal.html). So a commit is
/// safe once the log was synced after it. Whoever asks while a sync runs waits for the next one, which serves all
/// that asked meanwhile.
final class LogSync: Sendable {
    private struct State {
        var isRunning = false
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    private let path: String
    private let queue = DispatchQueue(label: "telecine.sqlite.sync")
    private let state = Mutex(State())
    /// Whether the folder's entry of the log is on the disk: the log stays while connections are open.
    private let isNamed = Atomic<Bool>(false)

    /// `path`: of the database.
    init(path: String) {
        self.path = path
    }

    func sync() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isFirst = state.withLock { state in
                state.waiting.append(continuation)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if isFirst { queue.async { self.serve() } }
        }
    }

    private func serve() {
        while let waiting = next() {
            let result = Result { try syncLog() }
            for continuation in waiting { continuation.resume(with: result) }
        }
    }

    private func next() -> [CheckedContinuation<Void, any Error>]? {
        state.withLock { state in
            defer { state.waiting = [] }
            if state.waiting.isEmpty { state.isRunning = false }
            return state.waiting.isEmpty ? nil : state.waiting
        }
    }

    /// The log's own descriptor may be closed here: SQLite's locks are on other files.
    private func syncLog() throws(SQLError) {
        let file = open(path + "-wal", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("open") }
        defer { close(file) }
        #if canImport(Glibc)
            let result = fdatasync(file)
        #else
            // fsync alone stops at the drive's own memory.
            let result = fcntl(file, F_FULLFSYNC)
        #endif
        guard result == 0 else { throw failure("sync") }
        if !isNamed.load(ordering: .relaxed) { try syncFolder() }
    }

    private func syncFolder() throws(SQLError) {
        let end = path.lastIndex(of: "/")
        let folder = open(end.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("open") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("sync") }
        isNamed.store(true, ordering: .relaxed)
    }

    private func failure(_ call: String) -> SQLError {
        let code = errno
        let kind: SQLError.Kind = [ENOSPC, EDQUOT].contains(code) ? .full : .other
        return SQLError(kind, "the log cannot be brought to the disk (\(call): \(String(cString: strerror(code))))")
    }
}
