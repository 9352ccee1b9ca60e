internal import Core
internal import Crypto

/// The checksum of one piece of an upload, stated before its bytes or after them.
package struct PieceChecksum: Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha1, sha256, sha512, md5, crc32

        /// Bytes of its values.
        package var length: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            case .sha512: 64
            case .md5: 16
            case .crc32: 4
            }
        }
    }

    private enum Value: Sendable {
        case stated([Algorithm: [UInt8]])
        case toCome([Algorithm], @Sendable () throws -> PieceChecksum?)
    }

    private let value: Value

    /// None while the values are to come.
    package var algorithms: Set<Algorithm> {
        if case .stated(let expected) = value { Set(expected.keys) } else { [] }
    }

    /// - Throws: `.invalidRequest` when the value is not of the algorithm's length.
    package init(_ algorithm: Algorithm, expected: [UInt8]) throws {
        try self.init([algorithm: expected])
    }

    /// Several of the same bytes: all must be right.
    ///
    /// - Throws: `.invalidRequest` when a value is not of its algorithm's length.
    package init(_ expected: [Algorithm: [UInt8]]) throws {
        for (algorithm, bytes) in expected where bytes.count != algorithm.length {
            throw ServiceError(
                .invalidRequest,
                "A \(algorithm.rawValue) checksum has \(algorithm.length) bytes, this one has \(bytes.count)."
            )
        }
        value = .stated(expected)
    }

    /// One that is stated after the bytes: all of `algorithms` follow them until then.
    ///
    /// `read` is called once, after the last byte. Nil for one that did not come: then nothing counts, as with a
    /// wrong one.
    package init(toComeIn algorithms: [Algorithm], _ read: @escaping @Sendable () throws -> PieceChecksum?) {
        value = .toCome(algorithms, read)
    }

    func makeHasher() -> PieceHasher {
        switch value {
        case .stated(let expected): PieceHasher(Array(expected.keys))
        case .toCome(let algorithms, _): PieceHasher(algorithms)
        }
    }

    /// Whether these are the bytes; asked once, after the last one.
    ///
    /// - Throws: what reading a value that was to come throws.
    func isMet(by hasher: PieceHasher) throws -> Bool {
        switch value {
        case .stated(let expected):
            let found = hasher.finish()
            return expected.allSatisfy { found[$0.key] == $0.value }
        case .toCome(_, let read):
            guard let stated = try read(), case .stated = stated.value else { return false }
            return try stated.isMet(by: hasher)
        }
    }
}

/// Follows the bytes of a piece.
struct PieceHasher {
    private var digests: [PieceChecksum.Algorithm: Digest] = [:]
    private var sum: CRC32?

    init(_ algorithms: [PieceChecksum.Algorithm]) {
        for algorithm in algorithms {
            switch algorithm {
            case .sha1: digests[algorithm] = SHA1()
            case .sha256: digests[algorithm] = SHA256()
            case .sha512: digests[algorithm] = SHA512()
            case .md5: digests[algorithm] = MD5()
            case .crc32: sum = CRC32()
            }
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        for digest in digests.values { digest.update(bytes) }
        sum?.update(bytes)
    }

    /// Called once.
    func finish() -> [PieceChecksum.Algorithm: [UInt8]] {
        var values = digests.mapValues { $0.finalize() }
        values[.crc32] = sum?.bytes
        return values
    }
}
