internal import Core

/// What a client's conditional headers are compared with (RFC 9110 section 13).
struct Validators: Sendable {
    /// With its quotes, and `W/` when weak.
    let etag: String?
    /// Seconds since 1970.
    let modified: Int64?
    private let modifiedText: String?

    init(etag: String?, modified: Int64?) {
        self.etag = etag
        self.modified = modified
        modifiedText = modified.map { Timestamp(seconds: $0).httpDate }
    }

    /// The same with a tag of the caller's, if there is one.
    func tagged(_ tag: String?) -> Validators {
        tag.map { Validators(etag: $0, modified: modified, modifiedText: modifiedText) } ?? self
    }

    private init(etag: String?, modified: Int64?, modifiedText: String?) {
        self.etag = etag
        self.modified = modified
        self.modifiedText = modifiedText
    }

    enum Verdict: Equatable {
        case proceed, notModified, preconditionFailed
    }

    /// Evaluates the preconditions in the order of RFC 9110 section 13.2.2, for a representation that exists.
    func verdict(_ request: Request) -> Verdict {
        if let listed = request.headers["If-Match"] {
            guard matches(listed, strong: true) else { return .preconditionFailed }
        } else if let date = request.headers["If-Unmodified-Since"].flatMap(HTTPDate.seconds), let modified {
            guard modified <= date else { return .preconditionFailed }
        }
        let isRead = request.method == .get || request.method == .head
        let listed = request.headers.all("If-None-Match").joined(separator: ", ")
        if !listed.isEmpty {
            guard matches(listed, strong: false) else { return .proceed }
            return isRead ? .notModified : .preconditionFailed
        }
        if isRead, let date = request.headers["If-Modified-Since"].flatMap(HTTPDate.seconds), let modified {
            return modified <= date ? .notModified : .proceed
        }
        return .proceed
    }

    /// Whether a range may be served: `If-Range` is missing, or names exactly this representation.
    func allowsRange(_ request: Request) -> Bool {
        guard let condition = request.headers["If-Range"] else { return true }
        if condition.hasPrefix("\"") || condition.hasPrefix("W/") {
            // Strong comparison: a weak tag never allows a part.
            return condition == etag && !condition.hasPrefix("W/")
        }
        return HTTPDate.seconds(condition).map { $0 == modified } ?? false
    }

    /// Adds both to headers that have neither.
    func write(to headers: inout Headers) {
        if let etag { headers.add("ETag", etag) }
        if let modifiedText { headers.add("Last-Modified", modifiedText) }
    }

    private func matches(_ list: String, strong: Bool) -> Bool {
        if list.trimmingSpaces() == "*" { return true }
        guard let etag else { return false }
        if strong, etag.hasPrefix("W/") { return false }
        return Self.tags(list).contains { tag in
            strong ? tag == etag : Self.opaque(tag) == Self.opaque(etag)
        }
    }

    private static func opaque(_ tag: String) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
    }

    /// The tags of a list.
    ///
    /// Commas may stand inside the quotes.
    private static func tags(_ list: String) -> [String] {
        var tags: [String] = []
        var current = ""
        var inQuotes = false
        for character in list.unicodeScalars {
            if character == "," && !inQuotes {
                tags.append(String(current.trimmingSpaces()))
                current = ""
                continue
            }
            if character == "\"" { inQuotes.toggle() }
            current.unicodeScalars.append(character)
        }
        tags.append(String(current.trimmingSpaces()))
        return tags.filter { !$0.isEmpty }
    }
}

extension Response {
    /// Turns a response into 304 or 412 where the request's conditional headers say so (RFC 9110 section 13).
    ///
    /// Compares with the response's own `ETag` and `Last-Modified`; responses other than 200 stay as they are.
    package func conditional(for request: Request) -> Response {
        guard status == .ok else { return self }
        let validators = Validators(
            etag: headers["ETag"],
            modified: headers["Last-Modified"].flatMap(HTTPDate.seconds)
        )
        switch validators.verdict(request) {
        case .proceed: return self
        case .notModified: return notModified(length: body.length)
        case .preconditionFailed:
            return .problem(.preconditionFailed, code: "precondition_failed", "The resource is not what you expect.")
        }
    }

    /// The 304 of this response: without body and the headers that describe one (RFC 9110 section 15.4.5).
    ///
    /// The engine always states a length; it must be the one that 200 would have (section 8.6).
    func notModified(length: Int64?) -> Response {
        var headers = Headers()
        for (name, value) in self.headers
        where !["content-type", "content-encoding", "content-range", "accept-ranges"].contains(name.lowercased()) {
            headers.add(name, value)
        }
        return Response(.notModified, headers: headers, body: length.map { .absent(length: $0) } ?? .empty)
    }
}
