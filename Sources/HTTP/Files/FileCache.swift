internal import Synchronization

/// Small files in memory: what is asked for again and again is sent without opening it.
///
/// Every use compares the file's stamp (one `stat`); a file that changed is read again. The least used half goes when
/// the cache is full.
final class FileCache: Sendable {
    /// Larger files go by `sendfile`, which gains nothing from a copy in memory.
    static let fileLimit: Int64 = 64 << 10
    static let shared = FileCache(byteLimit: 32 << 20)

    private struct Entry {
        let stamp: FileStamp
        let bytes: SharedBytes
        var used: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var bytes = 0
        var clock: UInt64 = 0
    }

    private let byteLimit: Int
    private let state = Mutex(State())

    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    func find(_ path: String, _ stamp: FileStamp) -> SharedBytes? {
        state.withLock { state in
            guard let entry = state.entries[path], entry.stamp == stamp else { return nil }
            state.clock += 1
            state.entries[path]?.used = state.clock
            return entry.bytes
        }
    }

    func keep(_ bytes: SharedBytes, at path: String, _ stamp: FileStamp) {
        state.withLock { state in
            if let old = state.entries.removeValue(forKey: path) { state.bytes -= old.bytes.count }
            state.clock += 1
            state.entries[path] = Entry(stamp: stamp, bytes: bytes, used: state.clock)
            // An entry costs its key and its place beside its bytes.
            state.bytes += bytes.count
            guard state.bytes > byteLimit || state.entries.count > 16_384 else { return }
            let ages = state.entries.values.map(\.used).sorted()
            let limit = ages[ages.count / 2]
            for (path, entry) in state.entries where entry.used <= limit {
                state.bytes -= entry.bytes.count
                state.entries.removeValue(forKey: path)
            }
        }
    }
}
