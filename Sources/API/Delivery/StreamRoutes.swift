internal import Core
package import HTTP
internal import Service

/// `/stream/<token>/…`: playlists, segments, posters, MP4s and pictures behind signed links.
///
/// No account is asked.
package struct StreamRoutes: Sendable {
    let delivery: Delivery
    let early: EarlyPlay?
    let playbacks: PlaybackReports

    /// `early`: nil where nothing plays before its upload is complete.
    init(delivery: Delivery, early: EarlyPlay? = nil, playbacks: PlaybackReports) {
        self.delivery = delivery
        self.early = early
        self.playbacks = playbacks
    }

    package func register(on router: inout Router) {
        router.on(.get, "/stream/:token/master.m3u8", master)
        router.on(.get, "/stream/:token/poster.jpg", poster)
        router.on(.get, "/stream/:token/images/:file", image)
        router.on(.get, "/stream/:token/:rendition/playlist.m3u8", playlist)
        router.on(.get, Self.filePattern, file)
        router.on(.get, "/stream/:token/:file", mp4)
        router.on(.post, "/stream/:token/events", report)
        registerSurroundings(on: &router)
    }

    static let filePattern = "/stream/:token/:rendition/:file"
    private static let playlistType = "application/vnd.apple.mpegurl"

    /// May change while rungs join, so players ask again; our own player does.
    @Sendable private func master(_ request: Request) async throws -> Response {
        if let master = try await earlyMaster(request) { return master }
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: true)
        return self.playlist(try await delivery.master(token), caching: "no-cache", for: request)
    }

    @Sendable private func playlist(_ request: Request) async throws -> Response {
        if let playlist = try await earlyPlaylist(request) { return playlist }
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let playlist = try await delivery.playlist(token, rendition: request.parameters["rendition"] ?? "")
        return self.playlist(playlist, caching: "private, max-age=300", for: request)
    }

    func playlist(_ playlist: String, caching: String, for request: Request) -> Response {
        var response = Response.bytes(Array(playlist.utf8), contentType: Self.playlistType)
        response.headers["Cache-Control"] = caching
        return response.gzipped(for: request)
    }

    @Sendable private func file(_ request: Request) async throws -> Response {
        if let file = try await earlyFile(request) { return file }
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let (file, rendition) = (request.parameters["file"] ?? "", request.parameters["rendition"] ?? "")
        let path = try delivery.path(of: file, rendition: rendition, token)
        do {
            let response = try segment(path, for: request)
            playbacks.note(request, file: file, rendition: rendition, token)
            return response
        } catch let error as ServiceError where error.code == .notFound {
            try await delivery.arrival(of: file, rendition: rendition, token) { request.isClientConnected() }
            let response = try segment(path, for: request)
            playbacks.note(request, file: file, rendition: rendition, token)
            return response
        }
    }

    private func segment(_ path: String, for request: Request) throws -> Response {
        try FileResponse.make(
            for: request,
            path: path,
            contentType: Self.segmentType(path),
            cacheControl: Self.forGood,
            isImmutable: true
        )
    }

    static let forGood = "private, max-age=31536000, immutable"

    static func segmentType(_ path: String) -> String {
        path.hasSuffix(".m4s") ? "video/iso.segment" : "video/mp4"
    }

    /// A segment that is in memory; nil for all else, refusals among them, which the routes know how to word.
    package func shortcut(_ request: Request) -> Response? {
        let parts = request.segments
        guard request.method == .get, parts.count == 4, parts[0] == "stream",
            let token = try? delivery.admit(parts[1], starting: false),
            let path = try? delivery.path(of: parts[3], rendition: parts[2], token)
        else { return nil }
        let response = FileResponse.inMemory(
            for: request,
            path: path,
            contentType: Self.segmentType(path),
            cacheControl: Self.forGood
        )
        if response != nil { playbacks.note(request, file: parts[3], rendition: parts[2], token) }
        return response
    }

    /// What our own player, and `sendBeacon` of any, says of a playback: the link itself is the proof.
    @Sendable private func report(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        try playbacks.record(try await PlaybackReportBody.read(request), token, from: request)
        return Response(.noContent)
    }

    @Sendable private func poster(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: true)
        return try FileResponse.make(
            for: request,
            path: try delivery.posterPath(token),
            contentType: "image/jpeg",
            cacheControl: "private, max-age=3600"
        )
    }

    @Sendable private func image(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: true)
        return try FileResponse.image(try delivery.image(request.parameters["file"] ?? "", token), for: request)
    }

    @Sendable private func mp4(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let name = request.parameters["file"] ?? ""
        if let sprite = try sprite(name, for: request) { return sprite }
        guard name.hasSuffix(".mp4") else { throw ServiceError(.notFound, "There is no such file.") }
        let path = try await delivery.mp4Path(
            token,
            rendition: String(name.dropLast(4)),
            isWanted: { request.isClientConnected() }
        )
        return try FileResponse.make(
            for: request,
            path: path,
            contentType: "video/mp4",
            cacheControl: "private, max-age=3600"
        )
    }
}
