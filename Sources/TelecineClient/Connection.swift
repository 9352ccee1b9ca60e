internal import Core
internal import Foundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// One request to the service, before it has a token.
struct Call: Sendable {
    var method = "GET"
    var path: String
    var query: [URLQueryItem] = []
    var body: Data?
    var contentType = "application/json"
    /// Whether it needs the account.
    var isAuthenticated = true
    /// Whether it may be sent again when it is not known what became of it.
    var isRepeatable = true

    static func json(_ path: String, _ body: some Encodable, authenticated: Bool, repeatable: Bool) throws -> Call {
        Call(
            method: "POST",
            path: path,
            body: try JSONEncoder().encode(body),
            isAuthenticated: authenticated,
            isRepeatable: repeatable
        )
    }
}

/// Sends calls: adds the token, renews it once when it is refused, and tries again what may be tried again.
struct Connection: Sendable {
    let baseURL: URL
    let backoff: Backoff
    let sessions: SessionKeeper
    private let urlSession: URLSession

    init(baseURL: URL, backoff: Backoff, sessions: SessionKeeper, idleTimeout: Duration) {
        let configuration = URLSessionConfiguration.ephemeral
        // The bearer token says who we are; a cookie would say it a second time.
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.httpMaximumConnectionsPerHost = 8
        configuration.timeoutIntervalForRequest = idleTimeout.inSeconds
        urlSession = URLSession(configuration: configuration)
        self.baseURL = baseURL
        self.backoff = backoff
        self.sessions = sessions
    }

    /// The decoded answer.
    ///
    /// - Throws: `TelecineError` or `CancellationError`.
    func answer<Value: Decodable>(_ type: Value.Type = Value.self, to call: Call) async throws -> Value {
        let body = try await send(call)
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw TelecineError(.unexpectedAnswer, "\(call.path) answered something unexpected: \(error)")
        }
    }

    /// The answer's body.
    ///
    /// - Throws: `TelecineError` or `CancellationError`.
    @discardableResult
    func send(_ call: Call) async throws -> Data {
        var failures = 0
        var isRenewed = false
        while true {
            let token = call.isAuthenticated ? await sessions.accessToken : nil
            do {
                return try await once(call, token: token)
            } catch let error as TelecineError {
                var failure = error
                if error.kind == .refused(status: 401), call.isAuthenticated, !isRenewed {
                    do {
                        isRenewed = try await sessions.renew(insteadOf: token, by: renew)
                        if isRenewed { continue }
                    } catch let error as TelecineError where error.isTransient {
                        failure = error
                    }
                }
                failures += 1
                guard call.isRepeatable, failure.isTransient,
                    let pause = backoff.pause(
                        after: failures,
                        asked: failure.retryAfter,
                        jitter: .random(in: 0...1)
                    )
                else { throw failure }
                try await Task.sleep(for: pause)
            }
        }
    }

    private func renew(_ refreshToken: String) async throws -> Session {
        let call = try Call.json(
            "/api/auth/token",
            RefreshRequest(refreshToken: refreshToken),
            authenticated: false,
            repeatable: false
        )
        return try await answer(to: call)
    }

    private func once(_ call: Call, token: String?) async throws -> Data {
        var request = URLRequest(url: try url(of: call))
        request.httpMethod = call.method
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        if let body = call.body {
            request.httpBody = body
            request.setValue(call.contentType, forHTTPHeaderField: "Content-Type")
        }
        let data: Data
        let response: URLResponse
        do {
            (data, response) = try await urlSession.data(for: request)
        } catch {
            try Task.checkCancellation()
            if (error as? URLError)?.code == .cancelled { throw CancellationError() }
            throw TelecineError(
                .unreachable,
                "\(baseURL.absoluteString) does not answer: \(error.localizedDescription)"
            )
        }
        guard let response = response as? HTTPURLResponse else {
            throw TelecineError(.unexpectedAnswer, "\(baseURL.absoluteString) does not speak HTTP.")
        }
        guard (200..<300).contains(response.statusCode) else {
            throw TelecineError(
                status: response.statusCode,
                body: data,
                retryAfter: response.value(forHTTPHeaderField: "Retry-After")
            )
        }
        return data
    }

    private func url(of call: Call) throws(TelecineError) -> URL {
        var parts = URLComponents(url: baseURL, resolvingAgainstBaseURL: true)
        let base = parts?.percentEncodedPath ?? ""
        parts?.percentEncodedPath = (base.hasSuffix("/") ? String(base.dropLast()) : base) + call.path
        parts?.queryItems = call.query.isEmpty ? nil : call.query
        guard let url = parts?.url else {
            throw TelecineError(.unexpectedAnswer, "\(baseURL.absoluteString) is not the address of a service.")
        }
        return url
    }
}

extension String {
    /// As one segment of a path: whatever it holds, it names nothing but itself.
    var pathSegment: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? ""
    }
}
