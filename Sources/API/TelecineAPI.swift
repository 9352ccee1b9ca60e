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
        /// Origins whose pages may call; nil for all of them.
        package var corsOrigins: [String]?
        /// From where `/metrics` is read without an administrator's token.
        package var metricsAllowed = MetricsRoutes.near

        package init() {}
    }

    private let configuration: Configuration
    private let accounts: Accounts
    private let ingest: Ingest
    private let catalog: Catalog
    private let delivery: Delivery
    private let insight: Insight
    private let metrics: Metrics
    private let requests: RequestMetrics
    private let sharing: Sharing
    private let logger: Logger

    package init(
        configuration: Configuration,
        accounts: Accounts,
        ingest: Ingest,
        catalog: Catalog,
        delivery: Delivery,
        insight: Insight,
        sharing: Sharing,
        metrics: Metrics = Metrics(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.accounts = accounts
        self.ingest = ingest
        self.catalog = catalog
        self.delivery = delivery
        self.insight = insight
        self.metrics = metrics
        requests = RequestMetrics(metrics)
        self.sharing = sharing
        self.logger = logger
    }

    /// The handler of a server.
    ///
    /// - Throws: when the pages cannot be read.
    package func handler() throws -> Handler {
        let router = try makeRouter()
        return Middlewares.compose(
            [
                Middlewares.requestID(), requests.middleware, cors.middleware,
                Middlewares.accessLog(logger, path: Self.loggedPath, level: Self.logLevel),
                Authentication.challenge, Middlewares.errors(logger: logger),
            ],
            around: { request in
                do {
                    return try await router.respond(to: request)
                } catch {
                    throw ServiceError(passing: error) ?? error
                }
            }
        )
    }

    /// What is answered without a handler: segments in memory, with the headers that every response has.
    package var shortcut: Shortcut {
        let streams = StreamRoutes(delivery: delivery)
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
        let cookie = SignInCookie(publicURL: configuration.publicURL)
        let authentication = Authentication(accounts: accounts, cookie: cookie)
        let clients = ClientAddress(trustedProxies: configuration.trustedProxies)
        let address = PublicAddress(
            configured: configuration.publicURL,
            trustedProxies: configuration.trustedProxies
        )
        var router = Router()
        AccountsAPI(accounts: accounts, cookie: cookie, address: clients).add(to: &router)
        let management = MediaManagement(
            ingest: ingest,
            catalog: catalog,
            delivery: delivery,
            insight: insight,
            sharing: sharing,
            authentication: authentication,
            address: address
        )
        management.register(on: &router)
        Tus(ingest: ingest, authentication: authentication, address: address, logger: logger).register(on: &router)
        let resumable = Resumable(ingest: ingest, authentication: authentication, address: address, logger: logger)
        resumable.register(on: &router)
        let raw = RawUpload(uploads: resumable, door: RawUpload.door)
        raw.register(on: &router)
        UploadEvents(watch: UploadWatch(ingest: ingest, catalog: catalog), authentication: authentication)
            .register(on: &router)
        addHandling(to: &router, management, raw)
        VideoUploads(ingest: ingest, authentication: authentication).register(on: &router)
        StreamRoutes(delivery: delivery).register(on: &router)
        addMetrics(to: &router, clients, authentication)
        ImageRoutes(catalog: catalog, delivery: delivery, authentication: authentication, address: address)
            .register(on: &router)
        let pages = try PageRoutes()
        pages.register(on: &router)
        try OpenAPIRoutes().register(on: &router)
        SharedRoutes(sharing: sharing, delivery: delivery, address: address, client: clients, pages: pages)
            .register(on: &router)
        router.on(.get, "/health") { _ in try await health() }
        return router
    }

    /// For those who watch how the service does.
    private func addMetrics(to router: inout Router, _ clients: ClientAddress, _ authentication: Authentication) {
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
        Administration(accounts: accounts, catalog: catalog, authentication: authentication, logger: logger)
            .register(on: &router)
    }

    private struct Health: Encodable {
        let status: String
    }

    /// 200 while the database answers: what a load balancer asks.
    private func health() async throws -> Response {
        try await catalog.check()
        return try .json(Health(status: "ok"))
    }

    private var cors: CORS {
        var cors = CORS()
        if let origins = configuration.corsOrigins { cors.origins = .listed(Set(origins)) }
        cors.exposedHeaders = [
            "Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Upload-Concat", "Upload-Metadata",
            "Upload-Defer-Length", "Upload-Complete", "Upload-Incomplete", "Upload-Limit",
            "Content-Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
            "Tus-Checksum-Algorithm",
            "X-Request-ID", "Retry-After", "Content-Range", "ETag",
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
            for index in parts.indices.dropFirst() where tokenPlaces.contains(parts[index - 1]) { parts[index] = "-" }
            return parts.joined(separator: "/")
        }
        // Over bytes: every segment passes here.
        let rest = path.utf8.dropFirst(place.utf8.count)
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
        return "\(place)-\(path[end...])"
    }
}
