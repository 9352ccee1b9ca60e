internal import Synchronization

/// Small files in memory: what is asked for again and again is sent without opening it.
///
/// Every use compares the file's stamp (one `stat`); a file that changed is read again. What is said never to change is
/// compared once a second: soon enough to miss a file that was deleted. The least used half of a shard
/// goes when it is full.
final class FileCache: Sendable {
    /// Larger files go by `sendfile`, which gains nothing from a copy in memory.
    static let fileLimit: Int64 = 64 << 10
    static let shared = FileCache(byteLimit: 32 << 20)

    /// A file as it was at a stamp, with what is sent besides its bytes.
    struct Entry: Sendable {
        let stamp: FileStamp
        let bytes: SharedBytes
        let validators: Validators
    }

    private struct Place {
        let entry: Entry
        /// The shard's clock at the last use.
        var used: UInt64
        /// When the stamp was last compared, in monotonic nanoseconds.
        var compared: UInt64
    }

    private struct Shard: ~Copyable {
        var entries: [String: Place] = [:]
        var bytes = 0
        var clock: UInt64 = 0
    }

    /// One lock would be where all threads meet.
    private final class Lock: Sendable {
        let shard = Mutex(Shard())
    }

    private let locks: [Lock]
    private let byteLimit: Int

    init(byteLimit: Int, shards: Int = 16) {
        locks = (0..<shards).map { _ in Lock() }
        self.byteLimit = byteLimit / shards
    }

    func find(_ path: String, _ stamp: FileStamp) -> Entry? {
        lock(of: path).shard.withLock { shard in
            guard let index = shard.entries.index(forKey: path) else { return nil }
            guard shard.entries.values[index].entry.stamp == stamp else { return nil }
            shard.clock += 1
            shard.entries.values[index].used = shard.clock
            shard.entries.values[index].compared = Monotonic.now
            return shard.entries.values[index].entry
        }
    }

    /// A file that never changes, when its stamp was compared less than a second ago.
    func findImmutable(_ path: String) -> Entry? {
        lock(of: path).shard.withLock { shard in
            guard let index = shard.entries.index(forKey: path) else { return nil }
            guard Monotonic.now - shard.entries.values[index].compared < 1_000_000_000 else { return nil }
            shard.clock += 1
            shard.entries.values[index].used = shard.clock
            return shard.entries.values[index].entry
        }
    }

    func keep(_ entry: Entry, at path: String) {
        lock(of: path).shard.withLock { shard in
            shard.clock += 1
            let old = shard.entries.updateValue(
                Place(entry: entry, used: shard.clock, compared: Monotonic.now),
                forKey: path
            )
            shard.bytes += entry.bytes.count - (old?.entry.bytes.count ?? 0)
            guard shard.bytes > byteLimit || shard.entries.count > 1024 else { return }
            let ages = shard.entries.values.map(\.used).sorted()
            let limit = ages[ages.count / 2]
            for (path, value) in shard.entries where value.used <= limit {
                shard.bytes -= value.entry.bytes.count
                shard.entries.removeValue(forKey: path)
            }
        }
    }

    private func lock(of path: String) -> Lock {
        // The last bytes differ most among segments of one medium.
        let mixed = path.utf8.suffix(8).reduce(0) { ($0 &* 31) &+ Int($1) }
        return locks[(mixed & .max) % locks.count]
    }
}
