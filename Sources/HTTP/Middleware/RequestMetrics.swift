package import Core
internal import Synchronization

/// Counts requests, their time and their bytes, by method, route and class of status.
///
/// Bytes are those of the bodies, of streams none. What the server refuses before it reads a request's head is not
/// counted.
package final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct Lines {
        let requests: MetricSeries
        let seconds: MetricSeries
        let received: MetricSeries
        let sent: MetricSeries
    }

    private let inFlight: MetricSeries
    private let requests: Counter
    private let seconds: Histogram
    private let received: Counter
    private let sent: Counter
    /// Found once for each kind of request: segments are many.
    private let lines = Mutex<[Key: Lines]>([:])

    package init(_ metrics: Metrics) {
        inFlight = metrics.gauge("telecine_http_requests_in_flight", "Requests that are being answered.").series()
        requests = metrics.counter(
            "telecine_http_requests_total",
            "Requests that were answered.",
            labels: "method",
            "route",
            "status"
        )
        seconds = metrics.histogram(
            "telecine_http_request_duration_seconds",
            "From a request's head to its response, the request's body included.",
            labels: "method",
            "route",
            "status"
        )
        received = metrics.counter("telecine_http_request_bytes_total", "Bytes of request bodies.", labels: "route")
        sent = metrics.counter("telecine_http_response_bytes_total", "Bytes of response bodies.", labels: "route")
    }

    /// Counts what passes; stands outside of what may answer.
    package var middleware: Middleware {
        { request, next in
            let start = ContinuousClock.now
            self.inFlight.add(1)
            defer { self.inFlight.add(-1) }
            do {
                let response = try await next(request)
                self.note(request, response, since: start)
                return response
            } catch {
                self.note(request, Response(.internalServerError), since: start)
                throw error
            }
        }
    }

    /// Counts a request that was answered without the middleware.
    ///
    /// - Parameters:
    ///   - request: whose method and body count.
    ///   - response: whose status and body count.
    ///   - route: a pattern, never a path: for what no router has seen.
    ///   - start: when its head had come.
    package func note(
        _ request: Request,
        _ response: Response,
        route: String? = nil,
        since start: ContinuousClock.Instant
    ) {
        let lines = lines(request.method, route ?? request.route ?? "none", response.status)
        lines.requests.add()
        lines.seconds.observe((ContinuousClock.now - start).inSeconds)
        if !request.body.isEmpty { lines.received.add(Double(request.body.received)) }
        // A response to HEAD has a length and no body.
        if let bytes = response.body.length, bytes > 0, request.method != .head { lines.sent.add(Double(bytes)) }
    }

    private func lines(_ method: HTTPMethod, _ route: String, _ status: Status) -> Lines {
        // A client may write any word as its method: only the known ones become labels.
        let method = HTTPMethod.common.contains(method) ? method.rawValue : "other"
        let key = Key(method: method, route: route, status: status.rawValue / 100)
        return lines.withLock { lines in
            if let known = lines[key] { return known }
            let status = "\(key.status)xx"
            let new = Lines(
                requests: requests.series(method, key.route, status),
                seconds: seconds.series(method, key.route, status),
                received: received.series(key.route),
                sent: sent.series(key.route)
            )
            lines[key] = new
            return new
        }
    }
}
