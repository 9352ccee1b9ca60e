package import Core

/// What a store knows of an object.
package struct ObjectInfo: Hashable, Sendable {
    package let key: ObjectKey
    /// In bytes.
    package let size: Int64
    package let modified: Timestamp
    /// Differs from that of every other content the key ever had; without quotation marks.
    package let etag: String

    package init(key: ObjectKey, size: Int64, modified: Timestamp, etag: String) {
        self.key = key
        self.size = size
        self.modified = modified
        self.etag = etag
    }
}

/// Keeps objects.
///
/// A put is atomic: readers see the former object whole or the new one whole, a failed or interrupted put leaves
/// the former one.
///
/// No key may be the folder of another: with `a/b` there is no object `a` (on disk it cannot be).
/// Failures are `ServiceError`s: `notFound`, `insufficientStorage`, `conflict` (a key that is a folder),
/// `invalidRequest`, `internalFailure` with the reason in its detail.
package protocol ObjectStore: Sendable {
    /// Stores a regular file that nobody writes to any more.
    ///
    /// When `consuming`, the file is gone afterwards, without a copy where the store can take it over.
    func put(_ key: ObjectKey, file path: String, consuming: Bool) async throws -> ObjectInfo

    /// Stores bytes that are all here.
    func put(_ key: ObjectKey, bytes: [UInt8]) async throws -> ObjectInfo

    /// Stores what `body` writes, once it returns; nothing when it throws.
    func put(_ key: ObjectKey, stream body: (ObjectWriter) async throws -> Void) async throws -> ObjectInfo

    /// Opens an object, or a range of its bytes, of which those past the object's end are left out.
    ///
    /// Throws `notFound` when there is none.
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody

    /// What is known of an object, nil when there is none.
    func head(_ key: ObjectKey) async throws -> ObjectInfo?

    /// Objects whose keys begin with a text, in the order of their bytes, at most 1000 of them.
    ///
    /// The prefix is empty or the beginning of keys, also in the middle of a segment; `after` is the last key of
    /// the page before.
    func list(prefix: String, after: ObjectKey?, limit: Int) async throws -> [ObjectInfo]

    /// Deletes an object. Deleting one that is not there succeeds.
    func delete(_ key: ObjectKey) async throws

    /// Deletes all objects of a folder and returns how many they were.
    ///
    /// The prefix ends in a slash, so that `assets/1/` never means `assets/12`.
    func delete(prefix: String) async throws -> Int

    /// Stores the content of one object under another key too.
    func copy(_ from: ObjectKey, to: ObjectKey) async throws -> ObjectInfo

    /// Where the object is, or would be, as a file to read, for `sendfile` and ffmpeg; nil when the store has no files.
    func localPath(_ key: ObjectKey) -> String?
}

/// Takes the pieces of a streamed put, one at a time.
package struct ObjectWriter: Sendable {
    private let sink: @Sendable ([UInt8]) async throws -> Void

    package init(_ sink: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.sink = sink
    }

    /// Returns when the store has taken the bytes, so that memory stays bounded.
    package func write(_ bytes: [UInt8]) async throws {
        try await sink(bytes)
    }
}

/// An object's bytes, in chunks as they are read; iterate it once.
///
/// It stays the object that was opened, even when its key gets another content or is deleted meanwhile.
package struct ObjectBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    package let info: ObjectInfo
    /// The bytes that follow, within the object.
    package let range: Range<Int64>
    private let next: @Sendable () async throws -> [UInt8]?

    /// - Parameters:
    ///   - info: of the object that was opened.
    ///   - range: the bytes that follow.
    ///   - next: the next chunk, never empty; nil at the end.
    package init(
        info: ObjectInfo,
        range: Range<Int64>,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) {
        self.info = info
        self.range = range
        self.next = next
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let step: @Sendable () async throws -> [UInt8]?

        package mutating func next() async throws -> [UInt8]? {
            try await step()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(step: next)
    }

    /// All bytes at once, for objects known to be small.
    ///
    /// Throws `tooLarge` past the limit.
    package func collect(upTo limit: Int) async throws -> [UInt8] {
        guard range.upperBound - range.lowerBound <= Int64(limit) else {
            throw ServiceError(.tooLarge, "This object is too large.", detail: "\(info.key) is over \(limit) bytes")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for try await chunk in self { bytes += chunk }
        return bytes
    }
}
