internal import Core
package import HTTP
package import Service

/// `/stream/<token>/…`: playlists, segments, posters and MP4s behind signed links.
///
/// No account is asked.
package struct StreamRoutes: Sendable {
    let delivery: Delivery

    package init(delivery: Delivery) {
        self.delivery = delivery
    }

    package func register(on router: inout Router) {
        router.on(.get, "/stream/:token/master.m3u8", master)
        router.on(.get, "/stream/:token/poster.jpg", poster)
        router.on(.get, "/stream/:token/:rendition/playlist.m3u8", playlist)
        router.on(.get, "/stream/:token/:rendition/:file", file)
        router.on(.get, "/stream/:token/:file", mp4)
    }

    private static let playlistType = "application/vnd.apple.mpegurl"

    /// May change while rungs join, so players ask again; our own player does.
    @Sendable private func master(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: true)
        return text(try await delivery.master(token), caching: "no-cache", for: request)
    }

    @Sendable private func playlist(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let playlist = try await delivery.playlist(token, rendition: request.parameters["rendition"] ?? "")
        return text(playlist, caching: "private, max-age=300", for: request)
    }

    private func text(_ playlist: String, caching: String, for request: Request) -> Response {
        var response = Response.bytes(Array(playlist.utf8), contentType: Self.playlistType)
        response.headers["Cache-Control"] = caching
        return response.gzipped(for: request)
    }

    @Sendable private func file(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let path = try delivery.path(
            of: request.parameters["file"] ?? "",
            rendition: request.parameters["rendition"] ?? "",
            token
        )
        return try FileResponse.make(
            for: request,
            path: path,
            contentType: path.hasSuffix(".m4s") ? "video/iso.segment" : "video/mp4",
            cacheControl: "private, max-age=31536000, immutable",
            isImmutable: true
        )
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

    @Sendable private func mp4(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: false)
        let name = request.parameters["file"] ?? ""
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
