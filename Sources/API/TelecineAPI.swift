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

        package init() {}
    }

    private let configuration: Configuration
    private let accounts: Accounts
    private let ingest: Ingest
    private let catalog: Catalog
    private let delivery: Delivery
    private let insight: Insight
    private let logger: Logger

    package init(
        configuration: Configuration,
        accounts: Accounts,
        ingest: Ingest,
        catalog: Catalog,
        delivery: Delivery,
        insight: Insight,
        logger: Logger
    ) {
        self.configuration = configuration
        self.accounts = accounts
        self.ingest = ingest
        self.catalog = catalog
        self.delivery = delivery
        self.insight = insight
        self.logger = logger
    }

    /// The handler of a server.
    ///
    /// - Throws: when the pages cannot be read.
    package func handler() throws -> Handler {
        let router = try makeRouter()
        return Middlewares.compose(
            [
                Middlewares.requestID(), cors.middleware, Middlewares.accessLog(logger, path: Self.loggedPath),
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

    private func makeRouter() throws -> Router {
        let cookie = SignInCookie(publicURL: configuration.publicURL)
        let authentication = Authentication(accounts: accounts, cookie: cookie)
        let address = PublicAddress(configured: configuration.publicURL)
        var router = Router()
        AccountsAPI(
            accounts: accounts,
            cookie: cookie,
            address: ClientAddress(trustedProxies: configuration.trustedProxies)
        ).add(to: &router)
        MediaManagement(
            ingest: ingest,
            catalog: catalog,
            delivery: delivery,
            insight: insight,
            authentication: authentication,
            address: address
        ).register(on: &router)
        Tus(ingest: ingest, authentication: authentication, logger: logger).register(on: &router)
        VideoUploads(ingest: ingest, authentication: authentication).register(on: &router)
        StreamRoutes(delivery: delivery).register(on: &router)
        try PageRoutes().register(on: &router)
        router.on(.get, "/health") { _ in try await health() }
        return router
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
            "Upload-Defer-Length", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
            "Tus-Checksum-Algorithm", "X-Request-ID", "Retry-After", "Content-Range", "ETag",
        ]
        return cors
    }

    /// A signed link is a capability: what signs it stays out of the log.
    private static func loggedPath(_ request: Request) -> String {
        let path = request.path
        let place = "/stream/"
        guard path.hasPrefix(place) else {
            // Wherever else a token may stand.
            var parts = path.split(separator: "/", omittingEmptySubsequences: false)
            for index in parts.indices.dropFirst() where parts[index - 1] == "stream" { parts[index] = "-" }
            return parts.joined(separator: "/")
        }
        // Over bytes: every segment passes here.
        let rest = path.utf8.dropFirst(place.utf8.count)
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
        return "\(place)-\(path[end...])"
    }
}
