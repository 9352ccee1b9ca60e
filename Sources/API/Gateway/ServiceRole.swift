internal import Core
internal import HTTP
package import Service

/// What a process is where contract 1's services run apart.
package struct ServiceRole: Sendable {
    package let service: ServiceName
    private let seal: PeerSeal
    /// The gateway's way to the others.
    private let gateway: Gateway?
    /// Where the gateway listens: links to other services' paths lead there.
    private let gatewayPort: Int

    /// The gateway, and its way to the others.
    package init(_ gateway: Gateway, seal: PeerSeal) {
        service = .gateway
        self.seal = seal
        self.gateway = gateway
        gatewayPort = 0
    }

    /// One of the services behind it.
    package init(_ service: ServiceName, seal: PeerSeal, gatewayPort: Int) {
        self.service = service
        self.seal = seal
        self.gatewayPort = gatewayPort
        gateway = nil
    }

    /// Lets in what this service answers, as if the gateway's client had come here himself.
    ///
    /// Stands before everything that asks for the client's address.
    var admission: Middleware {
        { request, next in
            var request = request
            let stated = request.headers[PeerSeal.header]
            request.headers[PeerSeal.header] = nil
            guard service != .gateway else { return try await next(request) }
            guard ServicePlacement.has(service, request) else { return Self.refusal(of: request, by: service) }
            if let peer = stated.flatMap(seal.peer(in:)) {
                request.peer = peer
            } else if service == .content, let host = request.headers["Host"] {
                // Who came past the gateway gets links that lead to where there is something.
                request.headers["Host"] = Self.host(host, withPort: gatewayPort)
            }
            return try await next(request)
        }
    }

    /// Hands on what is another service's; nothing but at the gateway.
    ///
    /// `wrap`: what the gateway does with its own answers, so that pages of other origins can read them.
    func forwarding(wrap: @escaping @Sendable (Request, Response) -> Response, _ around: [Middleware]) -> [Middleware] {
        guard let gateway else { return [] }
        return [
            { request, next in
                guard let place = ServicePlacement.place(of: request) else { return try await next(request) }
                request.note(route: place.pattern)
                let handler = Middlewares.compose(around) { request in
                    switch try await gateway.forward(request, to: place.service) {
                    case .answer(let response): response
                    case .failure(let response): wrap(request, response)
                    }
                }
                return try await handler(request)
            }
        ]
    }

    private static func refusal(of request: Request, by service: ServiceName) -> Response {
        let place = ServicePlacement.place(of: request)?.service ?? .gateway
        let detail = "The \(service.rawValue) has nothing at this address: ask the \(place.rawValue)."
        return .problem(.notFound, code: "not_found", detail)
    }

    /// The same name at another port.
    private static func host(_ host: String, withPort port: Int) -> String {
        let bracket = host.hasPrefix("[") ? host.firstIndex(of: "]").map { host.index(after: $0) } : nil
        let end = bracket ?? host.firstIndex(of: ":")
        return "\(host[..<(end ?? host.endIndex)]):\(port)"
    }
}
