/// The file name in the parameters of a `Content-Disposition` (RFC 6266, RFC 7578).
struct DispositionFileName {
    private var plain: String?
    private var extended: String?

    /// Takes a parameter, if it says something of the name; its first value counts.
    mutating func note(_ parameter: String, _ value: String) {
        switch parameter {
        case "filename": plain = plain ?? Self.unescaped(value)
        case "filename*": extended = extended ?? Self.extended(value)
        default: break
        }
    }

    /// Without folders: chosen by the client, never a path.
    var value: String? { (extended ?? plain).map(Self.lastComponent) }

    /// Browsers write these three, and only these, as percent escapes (HTML standard, multipart encoding).
    static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(ASCII.percent) else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            switch bytes[index...].prefix(3) {
            case [37, 50, 50]: result.append(ASCII.quote)
            case [37, 48, 68], [37, 48, 65], [37, 48, 100], [37, 48, 97]: result.append(ASCII.space)
            default:
                result.append(bytes[index])
                index += 1
                continue
            }
            index += 3
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `UTF-8''na%C3%AFve.mp4` (RFC 8187); nil for another character set or broken escapes.
    private static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8", let bytes = PercentCoding.bytes(parts[2]) else {
            return nil
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Some clients send whole paths (RFC 7578 section 4.2 warns of them).
    private static func lastComponent(_ name: String) -> String {
        let parts = name.split { $0 == "/" || $0 == "\\" }
        let last = String((parts.last ?? "").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
        return last == "." || last == ".." ? "" : last
    }
}

extension Request {
    /// The file name of the request's own `Content-Disposition`; nil for none, and for one that is only folders.
    package var fileName: String? {
        guard let disposition = headers["Content-Disposition"] else { return nil }
        var list = ParameterList(disposition)
        var name = DispositionFileName()
        while let (parameter, value) = list.next() { name.note(parameter, value) }
        guard let value = name.value, !value.isEmpty else { return nil }
        return value
    }
}
