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
        case stated(Algorithm, [UInt8])
        case toCome([Algorithm], @Sendable () throws -> PieceChecksum?)
    }

    private let value: Value

    /// Nil while the value is to come.
    package var algorithm: Algorithm? {
        if case .stated(let algorithm, _) = value { algorithm } else { nil }
    }

    /// - Throws: `.invalidRequest` when the value is not of the algorithm's length.
    package init(_ algorithm: Algorithm, expected: [UInt8]) throws {
        guard expected.count == algorithm.length else {
            throw ServiceError(
                .invalidRequest,
                "A \(algorithm.rawValue) checksum has \(algorithm.length) bytes, this one has \(expected.count)."
            )
        }
        value = .stated(algorithm, expected)
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
        case .stated(let algorithm, _): PieceHasher([algorithm])
        case .toCome(let algorithms, _): PieceHasher(algorithms)
        }
    }

    /// Whether these are the bytes; asked once, after the last one.
    ///
    /// - Throws: what reading a value that was to come throws.
    func isMet(by hasher: PieceHasher) throws -> Bool {
        switch value {
        case .stated(let algorithm, let expected): return hasher.finish()[algorithm] == expected
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
