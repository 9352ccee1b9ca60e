package import Core

/// What every request passes on its way to the router.
///
/// The first of a list is the outermost.
package enum Middlewares {
    /// Wraps a handler in middleware; the first is the outermost.
    package static func compose(_ middleware: [Middleware], around handler: @escaping Handler) -> Handler {
        middleware.reversed().reduce(handler) { next, layer in
            { request in try await layer(request, next) }
        }
    }

    /// Names the request in `Trace.requestID`, so that everything it causes logs it, and in the response.
    package static func requestID(header: String = "X-Request-ID") -> Middleware {
        { request, next in
            var response = try await Trace.$requestID.withValue(request.id) { try await next(request) }
            response.headers[header] = request.id
            return response
        }
    }

    /// Turns what the handlers throw into responses.
    ///
    /// `render`: a dialect's own words for an error; nil leaves it to ``Response/rendering(_:logger:)``.
    package static func errors(
        logger: Logger,
        render: (@Sendable (any Error, Request) -> Response?)? = nil
    ) -> Middleware {
        { request, next in
            do {
                return try await next(request)
            } catch {
                return render?(error, request) ?? .rendering(error, logger: logger)
            }
        }
    }

    /// Logs one line a request: method, path, route, status, bytes both ways, milliseconds.
    ///
    /// Bytes are those of the body as the handler gave it; a stream's are not known when the line is written.
    ///
    /// `path`: what of the path may be logged. The query never is. Paths that carry tokens need one.
    ///
    /// `level`: of the line for a response; a request that failed without one is always told.
    package static func accessLog(
        _ logger: Logger,
        path: @escaping @Sendable (Request) -> String = { $0.path },
        level: @escaping @Sendable (Request, Response) -> Logger.Level = { _, _ in .info }
    ) -> Middleware {
        { request, next in
            let start = ContinuousClock.now
            do {
                let response = try await next(request)
                let level = level(request, response)
                if logger.writes(level) { log(logger, level, request, path(request), response, since: start) }
                return response
            } catch {
                log(logger, .info, request, path(request), nil, since: start)
                throw error
            }
        }
    }

    /// The line of one request; nil for a response that an error stands for.
    package static func log(
        _ logger: Logger,
        _ level: Logger.Level,
        _ request: Request,
        _ path: String,
        _ response: Response?,
        since start: ContinuousClock.Instant = .now
    ) {
        // Room for all of them, because a table that grows hashes everything again.
        var fields = [String: JSONValue](minimumCapacity: 12)
        fields["method"] = .string(request.method.rawValue)
        fields["path"] = .string(path)
        fields["peer"] = .string(request.peer)
        fields["request_id"] = .string(request.id)
        fields["ms"] = .number(Double((ContinuousClock.now - start).microseconds) / 1000)
        fields["status"] = response.map { .integer(Int64($0.status.rawValue)) }
        fields["bytes"] = response?.body.length.map { .integer($0) }
        fields["route"] = request.route.map { .string($0) }
        if !request.body.isEmpty { fields["received"] = .integer(request.body.received) }
        logger.log(level, "request", fields)
    }
}
