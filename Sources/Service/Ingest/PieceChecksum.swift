internal import Core
internal import Crypto

/// The checksum that a client states for one piece of an upload.
package struct PieceChecksum: Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha1, sha256, md5, crc32

        /// Bytes of its values.
        package var length: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            case .md5: 16
            case .crc32: 4
            }
        }
    }

    package let algorithm: Algorithm
    let expected: [UInt8]

    /// - Throws: `.invalidRequest` when the value is not of the algorithm's length.
    package init(_ algorithm: Algorithm, expected: [UInt8]) throws {
        guard expected.count == algorithm.length else {
            throw ServiceError(
                .invalidRequest,
                "A \(algorithm.rawValue) checksum has \(algorithm.length) bytes, this one has \(expected.count)."
            )
        }
        self.algorithm = algorithm
        self.expected = expected
    }

    func makeHasher() -> PieceHasher {
        switch algorithm {
        case .sha1: .digest(SHA1())
        case .sha256: .digest(SHA256())
        case .md5: .digest(MD5())
        case .crc32: .crc32(CRC32())
        }
    }
}

/// Follows the bytes of a piece.
enum PieceHasher {
    case digest(Digest)
    case crc32(CRC32)

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .digest(let digest): digest.update(bytes)
        case .crc32(var sum):
            sum.update(bytes)
            self = .crc32(sum)
        }
    }

    /// Called once.
    func finish() -> [UInt8] {
        switch self {
        case .digest(let digest): digest.finalize()
        case .crc32(let sum): sum.bytes
        }
    }
}
