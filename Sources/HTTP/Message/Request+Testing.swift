extension Request {
    /// A request without a connection, for tests of routers, middleware and handlers.
    ///
    /// `target`: a valid request target, query included; one that the server would refuse stops the test.
    package static func testing(
        _ method: HTTPMethod = .get,
        _ target: String = "/",
        headers: Headers = [:],
        body: [UInt8] = [],
        peer: String = "127.0.0.1",
        localPort: UInt16 = 3000,
        id: String? = nil
    ) -> Request {
        guard let parsed = try? RequestTarget(parsing: target) else {
            preconditionFailure("the server would refuse the target \(target)")
        }
        var headers = headers
        if headers["Host"] == nil { headers["Host"] = "localhost" }
        let head = RequestHead(
            method: method,
            raw: target,
            target: parsed,
            body: RequestBody(bytes: body),
            peer: peer,
            localPort: localPort,
            id: id ?? RequestID.accepted(headers["X-Request-ID"]) ?? RequestID.random(),
            exchange: nil as Exchange?
        )
        return Request(head: head, headers: headers)
    }

    /// As ``testing(_:_:headers:body:peer:localPort:id:)``, with a text for a body.
    package static func testing(
        _ method: HTTPMethod,
        _ target: String,
        headers: Headers = [:],
        text: String
    ) -> Request {
        testing(method, target, headers: headers, body: Array(text.utf8))
    }
}
