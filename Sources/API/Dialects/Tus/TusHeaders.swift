internal import Core
internal import Crypto
internal import HTTP
internal import Service

/// `Upload-Metadata`: `key base64,key2 base64,flag`.
struct TusMetadata {
    /// As the client wrote it; nil for none.
    let written: String?
    /// The values that are text.
    let values: [String: JSONValue]

    /// - Throws: `.invalidRequest`.
    init(parsing header: String?) throws {
        written = header
        var values: [String: JSONValue] = [:]
        var keys: Set<String> = []
        for pair in (header ?? "").split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: " ")
            if parts.isEmpty, header?.contains(",") != true { break }
            guard (1...2).contains(parts.count), keys.insert(String(parts[0])).inserted else {
                throw Self.wrong("must be pairs of a key and a value, with commas between them and no key twice.")
            }
            guard let bytes = Base64.decode(parts.count == 2 ? String(parts[1]) : "") else {
                throw Self.wrong("has a value that is not base 64: \(parts[0]).")
            }
            // Bytes that are no text are kept for the echo only.
            if let text = String(validating: bytes, as: UTF8.self) { values[String(parts[0])] = .string(text) }
        }
        self.values = values
    }

    /// A value that says something.
    func text(_ key: String) -> String? {
        guard let text = values[key]?.stringValue, !text.isEmpty else { return nil }
        return text
    }

    private static func wrong(_ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "Upload-Metadata \(words)", field: "Upload-Metadata")
    }
}

/// `Upload-Concat`: `partial`, or `final;` and the addresses of partial uploads.
enum TusConcat: Equatable {
    case none
    case partial
    case final([UploadID], written: String)

    /// - Throws: `.invalidRequest`.
    init(parsing header: String?) throws {
        guard let header else {
            self = .none
            return
        }
        if header == "partial" {
            self = .partial
            return
        }
        guard header.hasPrefix("final;") else {
            throw ServiceError(.invalidRequest, "Upload-Concat must be partial, or final; and addresses.")
        }
        let addresses = header.dropFirst("final;".count).split(separator: " ")
        let ids = try addresses.map { address in
            guard let id = Self.upload(address) else {
                throw ServiceError(.invalidRequest, "Upload-Concat names what is no upload here: \(address)")
            }
            return id
        }
        guard !ids.isEmpty else { throw ServiceError(.invalidRequest, "Upload-Concat names no uploads.") }
        self = .final(ids, written: header)
    }

    /// The upload of an address: a path of ours, alone or with whatever origin it is reached by.
    private static func upload(_ address: Substring) -> UploadID? {
        var path = address
        if let scheme = path.firstRange(of: "://") {
            guard let slash = path[scheme.upperBound...].firstIndex(of: "/") else { return nil }
            path = path[slash...]
        }
        guard let slash = path.lastIndex(of: "/"), path[..<slash].hasSuffix(Tus.base) else { return nil }
        return UploadID(parsing: path[path.index(after: slash)...])
    }
}

/// `Upload-Checksum`: an algorithm and a value.
enum TusChecksum {
    static let algorithms: [PieceChecksum.Algorithm] = [.sha1, .sha256, .md5, .crc32]

    /// The checksum that the request states in its head, or announces to state after its body.
    ///
    /// - Throws: `.invalidRequest`.
    static func of(_ request: Request) throws -> PieceChecksum? {
        if let header = request.headers["Upload-Checksum"] { return try parse(header) }
        guard request.headers.lists("Upload-Checksum", in: "Trailer") else { return nil }
        let body = request.body
        return PieceChecksum(toComeIn: algorithms) { try parse(body.trailers["Upload-Checksum"]) }
    }

    /// - Throws: `.invalidRequest`.
    static func parse(_ header: String?) throws -> PieceChecksum? {
        guard let header else { return nil }
        let parts = header.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ServiceError(.invalidRequest, "Upload-Checksum must be an algorithm and a value in base 64.")
        }
        guard let algorithm = algorithms.first(where: { $0.rawValue == parts[0].lowercased() }) else {
            let known = algorithms.map(\.rawValue).joined(separator: ", ")
            throw ServiceError(.invalidRequest, "Upload-Checksum must use one of \(known).")
        }
        // Hexadecimal, as the contract's example has it, is told by its length; base 64 of four bytes ends in `=`.
        let isHex = parts[1].utf8.count == algorithm.length * 2 && !parts[1].hasSuffix("=")
        guard let bytes = isHex ? Hex.decode(parts[1]) : Base64.decode(parts[1]) else {
            throw ServiceError(.invalidRequest, "Upload-Checksum's value is not base 64.")
        }
        return try PieceChecksum(algorithm, expected: bytes)
    }
}
