internal import Core

/// What stands before a part's bytes in a form (RFC 7578 section 4).
package struct PartHead: Sendable, Hashable {
    /// The form field's name.
    package let name: String
    /// The file's name without folders; nil for a field that is not a file.
    ///
    /// Chosen by the client: never a path.
    package let filename: String?
    /// As declared, which proves nothing.
    package let contentType: String?

    /// `block`: header lines, each ended by CRLF.
    init(parsing block: [UInt8]) throws {
        guard let text = String(validating: block, as: UTF8.self) else {
            throw ServiceError(.invalidRequest, "A part of the form has a head that is not UTF-8.")
        }
        var disposition: String?
        var contentType: String?
        for line in text.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line.utf8.allSatisfy({ $0 >= 0x20 || $0 == ASCII.tab }) else {
                throw ServiceError(.invalidRequest, "A part of the form has a broken head.")
            }
            let value = String(line[line.index(after: colon)...].trimmingSpaces())
            switch line[..<colon].lowercased() {
            case "content-disposition": disposition = value
            case "content-type": contentType = value
            default: break
            }
        }
        guard let disposition else { throw ServiceError(.invalidRequest, "A part of the form has no name.") }
        try self.init(disposition: disposition, contentType: contentType)
    }

    private init(disposition: String, contentType: String?) throws {
        var list = ParameterList(disposition)
        guard list.head.lowercased() == "form-data" else {
            throw ServiceError(.invalidRequest, "A part of the form is not form-data.")
        }
        var name: String?
        var filename: String?
        var extended: String?
        while let (parameter, value) = list.next() {
            switch parameter {
            case "name": name = name ?? Self.unescaped(value)
            case "filename": filename = filename ?? Self.unescaped(value)
            case "filename*": extended = extended ?? Self.extended(value)
            default: break
            }
        }
        guard let name else { throw ServiceError(.invalidRequest, "A part of the form has no name.") }
        self.name = name
        self.filename = (extended ?? filename).map(Self.lastComponent)
        self.contentType = contentType
    }

    /// Browsers write these three, and only these, as percent escapes (HTML standard, multipart encoding).
    private static func unescaped(_ text: String) -> String {
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
