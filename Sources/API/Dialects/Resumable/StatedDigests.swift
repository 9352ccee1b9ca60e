internal import Core
internal import Crypto
internal import HTTP
internal import Service

/// `Content-Digest` and `Repr-Digest` (RFC 9530): verified when they are given.
enum StatedDigests {
    /// Strongest first; the names of the IANA registry.
    private static let ofContent: [(String, PieceChecksum.Algorithm)] = [
        ("sha-512", .sha512), ("sha-256", .sha256), ("sha", .sha1), ("md5", .md5),
    ]

    /// The digest of this request's bytes.
    ///
    /// - Throws: ``Unusable``.
    static func content(_ request: Request) throws -> PieceChecksum? {
        guard request.headers["Content-Digest"] != nil else { return nil }
        let stated = StructuredField.bytes(request.headers, "Content-Digest")
        guard let (name, algorithm) = ofContent.first(where: { stated[$0.0] != nil }), let value = stated[name] else {
            throw Unusable(field: "Content-Digest", known: ofContent.map(\.0), isUnknown: true)
        }
        guard let bytes = Base64.decode(String(value)), bytes.count == algorithm.length else {
            throw Unusable(field: "Content-Digest", known: [name], isUnknown: false)
        }
        return try PieceChecksum(algorithm, expected: bytes)
    }

    /// The digest of the whole upload, in lower-case hexadecimal: SHA-256, the one that is followed anyway.
    ///
    /// - Throws: ``Unusable``.
    static func whole(_ request: Request) throws -> String? {
        guard request.headers["Repr-Digest"] != nil else { return nil }
        let name = "sha-256"
        guard let value = StructuredField.bytes(request.headers, "Repr-Digest")[name] else {
            throw Unusable(field: "Repr-Digest", known: [name], isUnknown: true)
        }
        guard let bytes = Base64.decode(String(value)), bytes.count == 32 else {
            throw Unusable(field: "Repr-Digest", known: [name], isUnknown: false)
        }
        return Hex.encode(bytes)
    }

    /// As `Repr-Digest` shows it.
    static func field(_ hash: String) -> String? {
        Hex.decode(hash).map { "sha-256=:\(Base64.encode($0)):" }
    }

    /// A digest that was stated and cannot be verified: taking the bytes unverified would be a lie.
    struct Unusable: Error {
        let field: String
        let known: [String]
        /// No algorithm of it is known; otherwise its value is broken.
        let isUnknown: Bool
    }
}
