internal import CMicroHTTP
internal import Synchronization

/// Reads a head and judges it.
extension Exchange {
    func prepare(_ pointer: OpaquePointer, method: HTTPMethod, isOld: Bool) throws(Framing.Refusal) {
        state.withLock { state in
            state.isHead = method == .head
            state.isOld = isOld
        }
        let limits = core.configuration
        guard let target else { throw Framing.Refusal("The request target is not UTF-8.") }
        guard target.utf8.count <= limits.targetBytes else {
            throw Framing.Refusal(
                "The address exceeds \(limits.targetBytes) bytes.",
                status: .uriTooLong,
                code: "uri_too_long"
            )
        }
        let headers = try Self.headers(pointer, limits)
        let framing = try Framing(method, headers, isOld: isOld)
        let parsed: RequestTarget
        do {
            parsed = try RequestTarget(parsing: target)
        } catch {
            throw Framing.Refusal(error.rawValue, code: "invalid_path")
        }
        let body =
            framing.hasBody
            ? RequestBody(exchange: self, declaredLength: framing.declaredLength) : RequestBody(bytes: [])
        let head = RequestHead(
            method: method,
            raw: target,
            target: parsed,
            body: body,
            peer: connection.peer,
            localPort: connection.localPort,
            id: RequestID.accepted(headers["X-Request-ID"]) ?? RequestID.random(),
            exchange: self
        )
        state.withLock { state in
            state.framing = framing
            state.request = Request(head: head, headers: headers)
        }
    }

    fileprivate struct Gathered {
        var headers = Headers()
        var bytes = 0
        var isFolded = false
    }

    /// Nil when there is nobody to read them: the body is not chunked, or nobody took it.
    func trailersOfReceivedBody(_ pointer: OpaquePointer) -> Result<Headers, Framing.Refusal>? {
        let isWanted = state.withLock { state in
            guard case .receiving = state.body else { return false }
            return state.framing.hasBody && state.framing.declaredLength == nil
        }
        guard isWanted else { return nil }
        return Result { () throws(Framing.Refusal) in try Self.trailers(pointer, core.configuration) }
    }

    /// What came after a chunked body, within the limits and rules of a head (RFC 9110 section 6.5).
    ///
    /// Never mixed with the head: a field that frames or authorizes means nothing there.
    private static func trailers(
        _ pointer: OpaquePointer,
        _ limits: ServerConfiguration
    ) throws(Framing.Refusal) -> Headers {
        let trailers = try headers(pointer, limits, .FOOTER_KIND)
        try Framing.check(trailers)
        return trailers
    }

    private static func headers(
        _ pointer: OpaquePointer,
        _ limits: ServerConfiguration,
        _ kind: MHD_ValueKind = .HEADER_KIND
    ) throws(Framing.Refusal) -> Headers {
        var gathered = Gathered()
        gathered.headers.reserve(12)
        withUnsafeMutablePointer(to: &gathered) { target in
            _ = MHD_get_connection_values(
                pointer,
                kind,
                { target, _, name, value in
                    guard let target, let name, let value else { return .NO }
                    target.assumingMemoryBound(to: Gathered.self).pointee.add(name, value)
                    return .YES
                },
                target
            )
        }
        guard !gathered.isFolded else { throw Framing.Refusal("A header is folded over several lines.") }
        guard gathered.bytes <= limits.headerBytes, gathered.headers.count <= limits.headerCount else {
            throw Framing.Refusal(
                "The headers exceed \(limits.headerBytes) bytes or \(limits.headerCount) fields.",
                status: .headersTooLarge,
                code: "headers_too_large"
            )
        }
        return gathered.headers
    }
}

extension Exchange.Gathered {
    fileprivate mutating func add(_ rawName: UnsafePointer<CChar>, _ rawValue: UnsafePointer<CChar>) {
        let name = String(cString: rawName)
        var value = String(cString: rawValue)
        // Name, colon, space, value, line end.
        bytes += name.utf8.count + value.utf8.count + 4
        if !Self.isOneLine(rawName, name.utf8.count, rawValue) { isFolded = true }
        // Spaces at the end are not the value's (RFC 9112 section 5.1). The engine leaves them, and does not read
        // `chunked ` as chunked: what frames the body is judged as the engine has it.
        if let last = value.utf8.last, last == ASCII.space || last == ASCII.tab,
            !Headers.same(name, "Transfer-Encoding"), !Headers.same(name, "Content-Length")
        {
            value = String(value.trimmingSpaces())
        }
        headers.addReceived(name, value)
    }

    /// Whether name and value stand in one line of the head.
    ///
    /// 0.9.75 appends a folded line to the *name*, in another place of memory; `Content-Lengt: 5` with ` h` below it
    /// would pass as `Content-Length`.
    private static func isOneLine(
        _ name: UnsafePointer<CChar>,
        _ length: Int,
        _ value: UnsafePointer<CChar>
    ) -> Bool {
        let distance = UnsafeRawPointer(value) - UnsafeRawPointer(name)
        guard distance > length, distance <= length + 1024 else { return false }
        return (length + 1..<distance).allSatisfy { name[$0] == 32 || name[$0] == 9 }
    }
}
