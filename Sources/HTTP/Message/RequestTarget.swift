/// A request line's target, taken apart (RFC 9112 section 3.2).
struct RequestTarget: Sendable {
    /// Decoded segments after the first slash; `/a%2Fb` is one segment, so that a parameter may hold a slash.
    let segments: [String]
    /// The whole decoded path.
    let path: String
    let query: QueryItems
    /// The authority of an absolute-form target, which then counts instead of `Host`.
    let authority: String?

    enum Refusal: String, Error {
        case form = "The request target is not a path."
        case escape = "The path has a broken percent escape."
        case text = "The path is not UTF-8 text."
        case null = "The path has a NUL or a control character."
        case dots = "The path has a '.' or '..' segment."
    }

    /// `raw`: the target as it stood in the request line.
    init(parsing raw: String) throws(Refusal) {
        if let segments = Self.plain(raw) {
            self.segments = segments
            path = raw
            query = QueryItems()
            authority = nil
            return
        }
        var rest = raw[...]
        var authority: String?
        if !raw.hasPrefix("/"), raw != "*" {
            (authority, rest) = try Self.absolute(raw)
        }
        // A fragment is not for servers; spaces are what remains of a request line that two parsers split differently.
        guard !raw.utf8.contains(where: { $0 == 35 || $0 <= ASCII.space || $0 == 0x7F }) else { throw .form }
        // Over bytes: characters would be looked at for what they combine with.
        let mark = rest.utf8.firstIndex(of: 63)
        self.authority = authority
        query = mark.map { QueryItems(parsing: rest[rest.utf8.index(after: $0)...]) } ?? QueryItems()
        let rawPath = rest[..<(mark ?? rest.endIndex)]
        if rawPath == "*" {
            segments = ["*"]
            path = "*"
            return
        }
        let parts = rawPath.utf8.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false)
        guard rawPath.utf8.contains(ASCII.percent) else {
            segments = try Self.checked(parts.map { String(Substring($0)) })
            path = String(rawPath)
            return
        }
        var decoded: [String] = []
        for part in parts {
            guard let bytes = PercentCoding.bytes(Substring(part)) else { throw .escape }
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .text }
            decoded.append(text)
        }
        segments = try Self.checked(decoded)
        path = "/" + segments.joined(separator: "/")
    }

    /// The segments of a target that needs no second look: a path in ASCII without escapes, query or dot segments, as
    /// nearly all are; nil for any other.
    private static func plain(_ raw: String) -> [String]? {
        var raw = raw
        return raw.withUTF8 { bytes in
            guard bytes.first == ASCII.slash else { return nil }
            var segments: [String] = []
            segments.reserveCapacity(6)
            var start = 1
            for index in 1...bytes.count {
                let byte = index < bytes.count ? bytes[index] : ASCII.slash
                guard byte == ASCII.slash else {
                    guard byte > ASCII.space, byte < 0x7F, byte != ASCII.percent, byte != 35, byte != 63 else {
                        return nil
                    }
                    continue
                }
                let length = index - start
                guard length == 0 || length > 2 || bytes[start] != 46 else { return nil }
                segments.append(String(decoding: bytes[start..<index], as: UTF8.self))
                start = index + 1
            }
            return segments
        }
    }

    private static func absolute(_ raw: String) throws(Refusal) -> (String, Substring) {
        let lowered = raw.prefix(8).lowercased()
        let length = lowered.hasPrefix("http://") ? 7 : lowered.hasPrefix("https://") ? 8 : 0
        guard length > 0 else { throw .form }
        let rest = raw.dropFirst(length)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, authority.utf8.allSatisfy(Framing.isHostByte) else { throw .form }
        let path = rest[end...]
        return (String(authority), path.hasPrefix("/") ? path : Substring("/" + path))
    }

    private static func checked(_ segments: [String]) throws(Refusal) -> [String] {
        for segment in segments {
            for byte in segment.utf8 where byte < 0x20 || byte == 0x7F { throw .null }
            guard segment.utf8.contains(46) else { continue }
            // A segment may hold an escaped slash: what stands between slashes counts.
            for name in segment.utf8.split(separator: ASCII.slash)
            where name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { throw .dots }
        }
        return segments
    }
}
