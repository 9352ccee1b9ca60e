internal import Synchronization

/// Files in memory: what is asked for again and again is sent without opening it.
///
/// Small ones are copied. Segments are mapped: 0.9.75 of the engine gives `sendfile` 128 KiB at a time and the head in
/// a packet of its own, and a client's receive window never opens (1 MiB: 0.65 of nginx's bytes/s; mapped 1.5).
///
/// Every use compares the file's stamp (one `stat`); a file that changed is read again. What is said never to change is
/// compared once a second: soon enough to miss a file that was deleted. The least used half of a shard
/// goes when it is full.
final class FileCache: Sendable {
    /// Larger files are not copied.
    static let copyLimit: Int64 = 64 << 10
    /// Larger files are not mapped, and go by `sendfile`.
    static let mapLimit: Int64 = 16 << 20
    /// Mapped bytes are the page cache's, but a file that was deleted keeps its place on the disk while it is mapped.
    static let shared = FileCache(copied: 32 << 20, mapped: 512 << 20)

    /// A file as it was at a stamp, with what is sent besides its bytes.
    struct Entry: Sendable {
        let stamp: FileStamp
        let bytes: SharedBytes
        let validators: Validators

        var isMapped: Bool { stamp.size > FileCache.copyLimit }
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
        var copied = 0
        var mapped = 0
        var clock: UInt64 = 0

        mutating func count(_ entry: Entry, times sign: Int) {
            if entry.isMapped { mapped += sign * entry.bytes.count } else { copied += sign * entry.bytes.count }
        }

        mutating func remove(where isUnwanted: (Place) -> Bool) {
            for (path, place) in entries where isUnwanted(place) {
                count(place.entry, times: -1)
                entries.removeValue(forKey: path)
            }
        }
    }

    /// One lock would be where all threads meet.
    private final class Lock: Sendable {
        let shard = Mutex(Shard())
    }

    private let locks: [Lock]
    private let copied: Int
    private let mapped: Int

    /// Bytes in all, of each sort.
    init(copied: Int, mapped: Int, shards: Int = 16) {
        locks = (0..<shards).map { _ in Lock() }
        self.copied = copied / shards
        self.mapped = mapped / shards
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
            if let old { shard.count(old.entry, times: -1) }
            shard.count(entry, times: 1)
            guard shard.copied > copied || shard.mapped > mapped || shard.entries.count > 1024 else { return }
            let ages = shard.entries.values.map(\.used).sorted()
            let limit = ages[ages.count / 2]
            shard.remove { $0.used <= limit }
        }
    }

    /// Forgets what nobody asked for in this time: a deleted file's place on the disk comes free.
    func drop(unusedFor time: Duration) {
        let now = Monotonic.now
        let age = time.nanoseconds
        for lock in locks {
            lock.shard.withLock { shard in shard.remove { now > $0.compared + age } }
        }
    }

    private func lock(of path: String) -> Lock {
        // The last bytes differ most among segments of one medium.
        let mixed = path.utf8.suffix(8).reduce(0) { ($0 &* 31) &+ Int($1) }
        return locks[(mixed & .max) % locks.count]
    }
}
