package import Core
package import HTTP
internal import Service
internal import Synchronization

/// How many requests of each kind one address and one account may make, in token buckets.
///
/// Loopback addresses do not count: behind a proxy that is not named as trusted everybody comes from there. The address
/// is counted before anything else is done; the account once it is known who asks, in ``Authentication``.
package struct RequestLimits: Sendable {
    /// So many at once, and so many again in each period.
    package struct Limit: Hashable, Sendable {
        package let count: Int
        package let period: Duration

        /// `count`: at least 1; `period`: longer than nothing.
        package init(count: Int, period: Duration) {
            self.count = count
            self.period = period
        }

        fileprivate var rate: RateLimiter.Rate { .init(burst: Double(count), interval: period / count) }
    }

    /// Far above what a person with a full library, an office behind one address or an upload script does.
    package static let generous: [RouteClass: Limit] = [
        .signIn: Limit(count: 200, period: .seconds(60)), .writes: Limit(count: 3000, period: .seconds(60)),
        .reads: Limit(count: 6000, period: .seconds(60)), .media: Limit(count: 6000, period: .seconds(60)),
        // Five thousand viewers behind one address, each of whom reports every ten seconds.
        .events: Limit(count: 30_000, period: .seconds(60)),
    ]

    /// Whose requests are counted, as refusals say it.
    private static let counted = ["address", "account"]

    /// About 150 bytes each.
    private static let capacity = 50_000

    private let limits: [RouteClass: Limit]
    private let limiter: RateLimiter
    private let clients: ClientAddress
    private let refusals: Counter

    /// - Parameters:
    ///   - limits: a class without one is not limited.
    ///   - clients: finds out where a request comes from.
    ///   - metrics: where refusals are counted.
    ///   - now: the clock.
    package init(
        _ limits: [RouteClass: Limit],
        clients: ClientAddress,
        metrics: Metrics,
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.limits = limits
        self.clients = clients
        // Every key is drawn at the rate of its class.
        limiter = RateLimiter(.init(burst: 1, interval: .seconds(1)), capacity: Self.capacity, now: now)
        refusals = metrics.counter(
            "telecine_http_requests_limited_total",
            "Requests that were refused by a rate limit.",
            labels: "class",
            "by"
        )
        // Zero is a value too: a rate begins with it.
        for kind in limits.keys {
            for name in Self.counted { refusals.add(0, kind.rawValue, name) }
        }
    }

    /// Counts requests by their address, and tells on each response what is left.
    ///
    /// Stands outside the error middleware: what ``count(_:of:)`` throws comes back as a response.
    package var middleware: Middleware {
        { request, next in
            guard let kind = RouteClass(request), let limit = limits[kind],
                let network = RateLimiter.network(of: clients.of(request))
            else { return try await next(request) }
            let count = Count(kind: kind, limit: limit)
            let refusal = draw("\(kind.rawValue) \(network)", "address", count)
            var response: Response
            if let refusal {
                response = .problem(refusal)
            } else {
                response = try await Count.$current.withValue(count) { try await next(request) }
            }
            count.tell(in: &response.headers)
            return response
        }
    }

    /// Counts the request that is being answered as one of an account's; once, however often it is asked who that is.
    ///
    /// - Throws: `ServiceError` `tooManyRequests`.
    func count(_ user: UserID) throws(ServiceError) {
        guard let count = Count.current, count.isFirst() else { return }
        if let refusal = draw("\(count.kind.rawValue) user \(user)", "account", count) { throw refusal }
    }

    private func draw(_ key: String, _ name: String, _ count: Count) -> ServiceError? {
        let draw = limiter.draw(key, at: count.limit.rate)
        count.note(draw)
        guard let wait = draw.wait else { return nil }
        refusals.add(1, count.kind.rawValue, name)
        let seconds = RateLimiter.wholeSeconds(wait)
        return ServiceError(
            .tooManyRequests,
            "Too many requests from this \(name). Try again in \(seconds) s.",
            retryAfter: .seconds(seconds)
        )
    }
}

/// What one request found of its limits.
private final class Count: Sendable {
    @TaskLocal static var current: Count?

    let kind: RouteClass
    let limit: RequestLimits.Limit
    private let state = Mutex<(tightest: RateLimiter.Draw?, isCounted: Bool)>((nil, false))

    init(kind: RouteClass, limit: RequestLimits.Limit) {
        self.kind = kind
        self.limit = limit
    }

    func isFirst() -> Bool {
        state.withLock { state in
            defer { state.isCounted = true }
            return !state.isCounted
        }
    }

    func note(_ draw: RateLimiter.Draw) {
        state.withLock { state in
            guard let known = state.tightest else { return state.tightest = draw }
            if draw.wait != nil || draw.remaining < known.remaining { state.tightest = draw }
        }
    }

    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the quota `q` of a window of `w`
    /// seconds, the rest `r`, and after how many seconds `t` there is more when nothing is left.
    func tell(in headers: inout Headers) {
        guard let draw = state.withLock({ $0.tightest }) else { return }
        let name = "\"\(kind.rawValue)\""
        headers["RateLimit-Policy"] = "\(name);q=\(limit.count);w=\(limit.period.components.seconds)"
        let reset = draw.wait.map { ";t=\(RateLimiter.wholeSeconds($0))" } ?? ""
        headers["RateLimit"] = "\(name);r=\(draw.remaining)\(reset)"
    }
}
