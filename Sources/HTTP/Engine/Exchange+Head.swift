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

    private struct Gathered {
        var headers = Headers()
        var bytes = 0
    }

    private static func headers(
        _ pointer: OpaquePointer,
        _ limits: ServerConfiguration
    ) throws(Framing.Refusal) -> Headers {
        var gathered = Gathered()
        gathered.headers.reserve(12)
        withUnsafeMutablePointer(to: &gathered) { target in
            _ = MHD_get_connection_values(
                pointer,
                .HEADER_KIND,
                { target, _, rawName, rawValue in
                    guard let target, let rawName else { return .NO }
                    let name = String(cString: rawName)
                    let value = rawValue.map { String(cString: $0) } ?? ""
                    let gathered = target.assumingMemoryBound(to: Gathered.self)
                    // Name, colon, space, value, line end.
                    gathered.pointee.bytes += name.utf8.count + value.utf8.count + 4
                    gathered.pointee.headers.addReceived(name, value)
                    return .YES
                },
                target
            )
        }
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
