package import Core
package import HTTP
package import Service

/// Everything that the service answers: the contracts, the streams, the pages, and what stands around them.
package struct TelecineAPI: Sendable {
    /// What the API decides by configuration.
    package struct Configuration: Sendable {
        /// `PUBLIC_URL`; nil follows the request's `Host`.
        package var publicURL: String?
        package var trustedProxies: [AddressRange] = []
        /// Origins whose pages may call, with the sign-in cookie; nil for all of them, without it.
        package var corsOrigins: [String]?
        /// What one address and one account may ask for; a class without a limit has none.
        package var limits = RequestLimits.generous
        /// From where `/metrics` is read without an administrator's token.
        package var metricsAllowed = MetricsRoutes.near
        /// The services of contract 1 that have a port of their own here.
        package var servicePorts: [UInt16: ServiceName] = [:]
        /// What those may read who are not signed in.
        package var anonymous = AnonymousAccess.nothing
        /// Which of contract 1's services this is; nil for all of them.
        package var role: ServiceRole?

        package init() {}
    }

    private let configuration: Configuration
    private let accounts: Accounts
    private let ingest: Ingest
    private let catalog: Catalog
    private let delivery: Delivery
    private let early: EarlyPlay?
    private let insight: Insight
    private let metrics: Metrics
    private let requests: RequestMetrics
    private let clients: ClientAddress
    private let limits: RequestLimits
    private let errors: Counter
    private let sharing: Sharing
    private let youtube: YouTube
    private let status: ServiceStatus
    private let logger: Logger

    /// `early`: nil where nothing plays before its upload is complete; `youtube`: nil where nobody publishes there.
    package init(
        configuration: Configuration,
        accounts: Accounts,
        ingest: Ingest,
        catalog: Catalog,
        delivery: Delivery,
        early: EarlyPlay? = nil,
        insight: Insight,
        sharing: Sharing,
        youtube: YouTube? = nil,
        status: ServiceStatus,
        metrics: Metrics = Metrics(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.accounts = accounts
        self.ingest = ingest
        self.catalog = catalog
        self.delivery = delivery
        self.early = early
        self.insight = insight
        self.metrics = metrics
        requests = RequestMetrics(metrics)
        clients = ClientAddress(trustedProxies: configuration.trustedProxies)
        limits = RequestLimits(configuration.limits, clients: clients, metrics: metrics)
        errors = metrics.counter("telecine_errors_total", "Requests that failed, by reason.", labels: "code")
        self.sharing = sharing
        self.youtube = youtube ?? YouTube(catalog: catalog, publishers: .nobody)
        self.status = status
        self.logger = logger
    }

    /// The handler of a server.
    ///
    /// - Throws: when the pages cannot be read.
    package func handler() throws -> Handler {
        let router = try makeRouter()
        let accessLog = Middlewares.accessLog(logger, path: Self.loggedPath, level: Self.logLevel)
        let rendering = Middlewares.errors(logger: logger)
        let handOn = configuration.role?.forwarding(wrap: cors.allow, [accessLog, rendering]) ?? []
        return Middlewares.compose(
            [Middlewares.requestID()] + (configuration.role.map { [$0.admission] } ?? [])
                + [requests.middleware, SecurityHeaders(publicURL: configuration.publicURL).middleware]
                + handOn + [cors.middleware, accessLog, Authentication.challenge, limits.middleware, rendering],
            around: { request in
                do {
                    return try await router.respond(to: request)
                } catch {
                    let told = ServiceError(passing: error) ?? error
                    errors.add(1, Self.code(of: told))
                    throw told
                }
            }
        )
    }

    /// What is answered without a handler: segments in memory, with the headers that every response has.
    package var shortcut: Shortcut {
        // Behind other services' names there are none.
        if let service = configuration.role?.service, service != .streaming { return { _ in nil } }
        let streams = StreamRoutes(
            delivery: delivery,
            playbacks: playbacks(ClientAddress(trustedProxies: configuration.trustedProxies))
        )
        let (cors, logger, requests) = (cors, logger, requests)
        return { request in
            let start = ContinuousClock.now
            guard let found = streams.shortcut(request) else { return nil }
            var response = cors.allow(request, found)
            response.headers.add("X-Request-ID", request.id)
            requests.note(request, response, route: StreamRoutes.filePattern, since: start)
            let level = Self.logLevel(request, response)
            if logger.writes(level) { Middlewares.log(logger, level, request, Self.loggedPath(request), response) }
            return response
        }
    }

    /// Everything that is routed.
    ///
    /// - Throws: when the pages cannot be read.
    func makeRouter() throws -> Router {
        let cookie = SignInCookie(publicURL: configuration.publicURL, friends: configuration.corsOrigins ?? [])
        let authentication = makeAuthentication(cookie)
        let address = PublicAddress(configured: configuration.publicURL, trustedProxies: configuration.trustedProxies)
        var router = Router()
        AccountsAPI(accounts: accounts, cookie: cookie, address: clients).add(to: &router)
        let management = MediaManagement(
            ingest: ingest,
            catalog: catalog,
            delivery: delivery,
            early: early,
            insight: insight,
            sharing: sharing,
            youtube: youtube,
            authentication: authentication,
            address: address,
            playbacks: playbacks(clients)
        )
        management.register(on: &router)
        Tus(ingest: ingest, authentication: authentication, address: address, logger: logger).register(on: &router)
        let resumable = Resumable(ingest: ingest, authentication: authentication, address: address, logger: logger)
        resumable.register(on: &router)
        let raw = RawUpload(uploads: resumable, door: RawUpload.door)
        raw.register(on: &router)
        let watch = UploadWatch(ingest: ingest, catalog: catalog, early: early)
        UploadEvents(watch: watch, authentication: authentication, address: address).register(on: &router)
        addHandling(to: &router, management, raw)
        VideoUploads(ingest: ingest, early: early, authentication: authentication, address: address)
            .register(on: &router)
        StreamRoutes(delivery: delivery, early: early, playbacks: management.playbacks).register(on: &router)
        addMetrics(to: &router, authentication)
        ImageRoutes(catalog: catalog, delivery: delivery, authentication: authentication, address: address)
            .register(on: &router)
        let pages = try PageRoutes(statusPorts: Set(configuration.servicePorts.filter { $0.value == .status }.keys))
        pages.register(on: &router)
        try OpenAPIRoutes(anonymous: configuration.anonymous).register(on: &router)
        let visitors = SharedRoutes.Visitors(client: clients, cookie: cookie)
        SharedRoutes(sharing: sharing, delivery: delivery, address: address, visitors: visitors, pages: pages)
            .register(on: &router)
        HealthRoutes(status: status, ports: configuration.servicePorts).register(on: &router)
        return router
    }

    private func makeAuthentication(_ cookie: SignInCookie) -> Authentication {
        Authentication(
            accounts: accounts,
            cookie: cookie,
            clients: clients,
            limits: limits,
            anonymous: configuration.anonymous
        )
    }

    private func playbacks(_ clients: ClientAddress) -> PlaybackReports {
        PlaybackReports(insight: insight, addresses: clients)
    }

    /// For those who watch how the service does.
    private func addMetrics(to router: inout Router, _ authentication: Authentication) {
        MetricsRoutes(
            metrics,
            allowed: configuration.metricsAllowed,
            address: clients,
            authentication: authentication
        ).register(on: &router)
    }

    /// Contract 2, and those who look after all of it.
    private func addHandling(to router: inout Router, _ management: MediaManagement, _ raw: RawUpload) {
        let authentication = management.authentication
        MediaHandling(
            accounts: accounts,
            ingest: ingest,
            catalog: catalog,
            delivery: delivery,
            authentication: authentication,
            address: management.address,
            raw: raw,
            logger: logger
        ).register(on: &router, otherwise: management)
        Administration(
            accounts: accounts,
            catalog: catalog,
            authentication: authentication,
            status: status,
            logger: logger
        ).register(on: &router)
    }

    /// The word by which a failure is counted.
    private static func code(of error: any Error) -> String {
        switch error {
        case let error as ServiceError: error.code.rawValue
        case is BodyError: "incomplete_body"
        case is CancellationError: ServiceError.Code.unavailable.rawValue
        default: ServiceError.Code.internalFailure.rawValue
        }
    }

    private var cors: CORS {
        var cors = CORS()
        if let origins = configuration.corsOrigins {
            cors.origins = .listed(Set(origins))
            cors.allowsCredentials = true
        }
        cors.exposedHeaders = [
            "Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Upload-Concat", "Upload-Metadata",
            "Upload-Defer-Length", "Upload-Complete", "Upload-Incomplete", "Upload-Limit",
            "Content-Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
            "Tus-Checksum-Algorithm",
            "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Range", "ETag",
        ]
        return cors
    }

    /// A viewer asks for a segment every few seconds, and gets it: a line each would bury all others, and cost a seventh
    /// of what sending one does.
    private static func logLevel(_ request: Request, _ response: Response) -> Logger.Level {
        response.status.rawValue < 400 && request.path.hasPrefix("/stream/") ? .debug : .info
    }

    /// What comes before a token in a path.
    private static let tokenPlaces: Set<Substring> = ["stream", "embed", "share"]

    /// A signed link is a capability: what signs it stays out of the log.
    private static func loggedPath(_ request: Request) -> String {
        let path = request.path
        guard let place = ["/stream/", "/images/"].first(where: path.hasPrefix) else {
            // Wherever else a token may stand.
            var parts = path.split(separator: "/", omittingEmptySubsequences: false)
            for index in parts.indices.dropFirst()
            where tokenPlaces.contains(parts[index - 1]) && parts[index] != "youtube" {
                parts[index] = "-"
            }
            return parts.joined(separator: "/")
        }
        // Over bytes: every segment passes here.
        let rest = path.utf8.dropFirst(place.utf8.count)
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
        return "\(place)-\(path[end...])"
    }
}
