internal import Core
internal import Foundation
internal import HTTP
internal import Service

/// Where a share is reached.
enum ShareAddress {
    static func watch(_ token: String) -> String { "/public/stream/\(token)" }
    static func embed(_ token: String) -> String { "/embed/\(token)" }

    /// The token in an address of ours; nil for any other address.
    static func token(in text: String, base: String) -> String? {
        guard let path = URLComponents(string: text)?.path, text.hasPrefix(base + "/") else { return nil }
        for place in ["/public/stream/", "/embed/"] where path.hasPrefix(place) {
            let token = path.dropFirst(place.count)
            if !token.isEmpty, !token.contains("/") { return String(token) }
        }
        return nil
    }
}

/// `/public/stream/:token`, `/embed/:token`, `/oembed`: what those see who have a link and no account.
struct SharedRoutes: Sendable {
    /// Where requests come from: the address, and the page.
    struct Visitors: Sendable {
        let client: ClientAddress
        let cookie: SignInCookie
    }

    let sharing: Sharing
    let delivery: Delivery
    let address: PublicAddress
    let visitors: Visitors
    let pages: PageRoutes

    func register(on router: inout Router) {
        router.on(.get, "/public/stream/:token", open)
        router.on(.get, "/public/stream/:token/details", details)
        router.on(.get, "/public/stream/:token/poster.jpg", poster)
        router.on(.post, "/public/stream/:token/play", play)
        router.on(.get, "/embed/:token", embed)
        router.on(.get, "/oembed", oEmbed)
    }

    private func token(_ request: Request) -> String { request.parameters["token"] ?? "" }

    // MARK: - Opening

    /// A browser gets the watch page and is counted when it presses play; a player is led to the stream and counted.
    @Sendable private func open(_ request: Request) async throws -> Response {
        if Self.isBrowser(request) { return try await watchPage(request, framing: "'none'") }
        let (share, _) = try await sharing.find(token(request))
        if let refusal = share.refusal() { throw refusal }
        guard !share.requiresEmail, !share.requiresPassword else {
            let wanted = share.requiresEmail ? "an email address" : "a password"
            throw ServiceError(.forbidden, "This link asks for \(wanted): open it in a browser.")
        }
        guard share.allows(origin: Self.origin(of: request)) else { throw Self.notFromHere }
        // A look is no session.
        if request.method == .head { return Response(headers: ["Cache-Control": "no-store"]) }
        let session = try await sharing.play(share.token, visit(request, player: "player"))
        var response = Response.redirect(to: try address.base(for: request) + session.link.master)
        response.headers["Cache-Control"] = "no-store"
        response.headers.add("Vary", "Accept")
        return response
    }

    @Sendable private func embed(_ request: Request) async throws -> Response {
        var framing = "*"
        do {
            let origins = try await sharing.find(token(request)).share.allowedOrigins
            if !origins.isEmpty { framing = "'self' " + origins.joined(separator: " ") }
        } catch is ServiceError {
            // No such link: the page says so, wherever it stands.
        }
        return try await watchPage(request, framing: framing)
    }

    /// The page, with the words and the status of a link that has ended.
    private func watchPage(_ request: Request, framing: String) async throws -> Response {
        var status = Status.ok
        var words = "This page needs JavaScript to play the recording."
        do {
            if let refusal = try await sharing.find(token(request)).share.refusal() { throw refusal }
        } catch let error as ServiceError {
            (status, words) = (error.code.status, error.message)
        }
        let base = try address.base(for: request)
        let oEmbed = "\(base)/oembed?format=json&url=\(Self.escaped(base + ShareAddress.watch(token(request))))"
        var response = try pages.page("shared.html", filling: ["words": words, "oembed": oEmbed], framing: framing)
        response.status = status
        response.headers["Cache-Control"] = "no-store"
        response.headers.add("Vary", "Accept")
        return response
    }

    private static let notFromHere = ServiceError(.forbidden, "This link may not be played from here.")

    private static func isBrowser(_ request: Request) -> Bool {
        request.headers.all("Accept").contains { $0.lowercased().contains("text/html") }
    }

    /// The page that asks, where it says so.
    private static func origin(of request: Request) -> String? {
        if let origin = request.headers["Origin"], origin != "null" { return origin }
        guard let referrer = request.headers["Referer"], let parts = URLComponents(string: referrer),
            let scheme = parts.scheme, let host = parts.host
        else { return nil }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    private func visit(_ request: Request, player: String) -> Sharing.Visit {
        var visit = Sharing.Visit(player: player)
        visit.address = visitors.client.of(request)
        return visit
    }

    // MARK: - The page's own requests

    private struct Details: Encodable {
        let title: String
        let description: String?
        let duration: Double?
        let posterUrl: String?
        let sound: Bool
        let playable: Bool
        let requireEmail: Bool
        let requirePassword: Bool
    }

    @Sendable private func details(_ request: Request) async throws -> Response {
        let (share, asset) = try await sharing.find(token(request))
        if let refusal = share.refusal() { throw refusal }
        // Nobody sees what a password hides before it is typed.
        let isOpen = !share.requiresPassword
        var response = try Response.json(
            Details(
                title: isOpen ? asset.title : "A recording",
                description: isOpen && !asset.description.isEmpty ? asset.description : nil,
                duration: isOpen ? asset.version.duration?.inSeconds : nil,
                posterUrl: isOpen && asset.version.hasPoster ? "\(ShareAddress.watch(share.token))/poster.jpg" : nil,
                sound: asset.kind == "audio",
                playable: asset.version.plays,
                requireEmail: share.requiresEmail,
                requirePassword: share.requiresPassword
            )
        )
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    /// Apart from the stream's links: whoever has one of those can play.
    @Sendable private func poster(_ request: Request) async throws -> Response {
        let (share, asset) = try await sharing.find(token(request))
        if let refusal = share.refusal() { throw refusal }
        guard !share.requiresPassword, asset.version.hasPoster else {
            throw ServiceError(.notFound, "There is no such file.")
        }
        return try FileResponse.make(
            for: request,
            path: try delivery.posterPath(of: asset),
            contentType: "image/jpeg",
            cacheControl: "private, max-age=300"
        )
    }

    private struct PlayRequest: Decodable {
        let email: String?
        let password: String?
    }

    private struct Playing: Encodable {
        let title: String
        let description: String?
        let masterUrl: String
        let posterUrl: String?
        let variants: [String: String]
        let storyboardUrl: String?
        let captions: [CaptionTrack]?
        let chapters: [MediaChapter]?
        let expiresIn: Int
    }

    @Sendable private func play(_ request: Request) async throws -> Response {
        if !visitors.cookie.isOurs(request) {
            // Another site's page that plays without our frame.
            let share = try await sharing.find(token(request)).share
            if let refusal = share.refusal() { throw refusal }
            guard share.allows(origin: Self.origin(of: request)) else { throw Self.notFromHere }
        }
        var visit = visit(request, player: "page")
        if !request.body.isEmpty {
            let body: PlayRequest = try await request.json(limit: 16 << 10)
            (visit.email, visit.password) = (body.email, body.password)
        }
        let session = try await sharing.play(token(request), visit)
        let (asset, link) = (session.asset, session.link)
        let rungs = try await delivery.listedRungs(of: asset).filter(\.isComplete)
        let tracks = try await Captions(catalog: delivery.catalog).tracks(of: asset.id, version: asset.version.number)
        let chapters = asset.version.chapterList
        let base = try address.base(for: request)
        var response = try Response.json(
            Playing(
                title: asset.title,
                description: asset.description.isEmpty ? nil : asset.description,
                masterUrl: base + link.master,
                posterUrl: asset.version.hasPoster ? base + link.poster : nil,
                variants: Dictionary(
                    rungs.map { ($0.name, base + link.mp4($0.name)) },
                    uniquingKeysWith: { first, _ in first }
                ),
                storyboardUrl: asset.version.hasStoryboard ? base + link.storyboard : nil,
                captions: tracks.isEmpty
                    ? nil : tracks.map { CaptionTrack($0, url: base + link.captions($0.language)) },
                chapters: chapters.isEmpty ? nil : chapters,
                expiresIn: link.expiresIn
            )
        )
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    /// RFC 3986 section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
