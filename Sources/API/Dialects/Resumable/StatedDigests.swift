internal import Core
internal import Crypto
internal import HTTP
internal import Service

/// `Content-Digest` and `Repr-Digest` (RFC 9530): verified when they are given, every known algorithm of them.
enum StatedDigests {
    private typealias Known = [(name: String, algorithm: PieceChecksum.Algorithm)]

    /// The registry's active algorithms.
    private static let active: Known = [("sha-512", .sha512), ("sha-256", .sha256)]
    /// Those, and deprecated ones that cost nothing to verify while the bytes pass.
    private static let ofContent: Known = active + [("sha", .sha1), ("md5", .md5)]

    /// What a client should state; 10 is the strongest preference (section 4): it is followed while bytes arrive.
    static let wanted = "sha-256=10, sha-512=9"

    /// The digests of this request's bytes.
    ///
    /// - Throws: ``Unusable``.
    static func content(_ request: Request) throws -> PieceChecksum? {
        try stated(request, "Content-Digest", ofContent).map { try PieceChecksum($0) }
    }

    /// The digests of the whole upload.
    ///
    /// - Throws: ``Unusable``.
    static func whole(_ request: Request) throws -> StatedHashes? {
        try stated(request, "Repr-Digest", active).map {
            StatedHashes(sha256: $0[.sha256].map(Hex.encode), sha512: $0[.sha512].map(Hex.encode))
        }
    }

    /// Nil without the field.
    private static func stated(
        _ request: Request,
        _ field: String,
        _ known: Known
    ) throws -> [PieceChecksum.Algorithm: [UInt8]]? {
        guard request.headers[field] != nil else { return nil }
        let members = StructuredField.bytes(request.headers, field)
        var values: [PieceChecksum.Algorithm: [UInt8]] = [:]
        for (name, algorithm) in known {
            guard let value = members[name] else { continue }
            guard let bytes = Base64.decode(String(value)), bytes.count == algorithm.length else {
                throw Unusable(field: field, known: [name], isUnknown: false)
            }
            values[algorithm] = bytes
        }
        guard !values.isEmpty else { throw Unusable(field: field, known: known.map(\.name), isUnknown: true) }
        return values
    }

    /// As `Repr-Digest` shows them; nil when none was stated.
    static func field(_ stated: StatedHashes) -> String? {
        let members = [("sha-256", stated.sha256), ("sha-512", stated.sha512)].compactMap { name, hash in
            hash.flatMap(Hex.decode).map { "\(name)=:\(Base64.encode($0)):" }
        }
        return members.isEmpty ? nil : members.joined(separator: ", ")
    }

    /// A digest that was stated and cannot be verified: taking the bytes unverified would be a lie.
    struct Unusable: Error {
        let field: String
        let known: [String]
        /// No algorithm of it is known; otherwise its value is broken.
        let isUnknown: Bool
    }
}
