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
        var filename = DispositionFileName()
        while let (parameter, value) = list.next() {
            if parameter == "name" { name = name ?? DispositionFileName.unescaped(value) }
            filename.note(parameter, value)
        }
        guard let name else { throw ServiceError(.invalidRequest, "A part of the form has no name.") }
        self.name = name
        self.filename = filename.value
        self.contentType = contentType
    }
}
