internal import Core
internal import HTTP
internal import Service

/// `/stream/<token>/…`: what stands around the picture.
extension StreamRoutes {
    func registerSurroundings(on router: inout Router) {
        router.on(.get, "/stream/:token/storyboard.vtt") { request in
            try await text(request) { try await delivery.storyboard($0) }
        }
        router.on(.get, "/stream/:token/chapters.vtt") { request in
            try await text(request) { try await delivery.chapters($0) }
        }
        router.on(.get, "/stream/:token/preview.webp", preview)
        router.on(.get, "/stream/:token/captions/:language", captions)
        router.on(.get, "/stream/:token/:rendition/iframes.m3u8", keyFramePlaylist)
        router.on(.get, "/stream/:token/:rendition/iframes/:file", keyFrame)
    }

    private func token(_ request: Request) throws -> StreamToken {
        try delivery.admit(request.parameters["token"] ?? "", starting: false)
    }

    private func text(_ request: Request, _ make: (StreamToken) async throws -> String) async throws -> Response {
        let text = try await make(try token(request))
        var response = Response.bytes(Array(text.utf8), contentType: "text/vtt; charset=utf-8")
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response.gzipped(for: request)
    }

    @Sendable private func captions(_ request: Request) async throws -> Response {
        let name = request.parameters["language"] ?? ""
        if name.hasSuffix(".vtt") {
            return try await text(request) { try await delivery.captions(String(name.dropLast(4)), $0) }
        }
        guard name.hasSuffix(".m3u8") else { throw ServiceError(.notFound, "There is no such file.") }
        let playlist = try await delivery.captionPlaylist(String(name.dropLast(5)), try token(request))
        return self.playlist(playlist, caching: "private, no-cache", for: request)
    }

    @Sendable private func keyFramePlaylist(_ request: Request) async throws -> Response {
        let playlist = try await delivery.keyFramePlaylist(
            try token(request),
            rendition: request.parameters["rendition"] ?? ""
        )
        return self.playlist(playlist, caching: "private, max-age=300", for: request)
    }

    @Sendable private func keyFrame(_ request: Request) async throws -> Response {
        let picture = try await delivery.keyFrame(
            request.parameters["file"] ?? "",
            rendition: request.parameters["rendition"] ?? "",
            try token(request)
        )
        return FileResponse.make(
            for: request,
            bytes: SharedBytes(picture),
            contentType: "video/iso.segment",
            cacheControl: "private, max-age=31536000, immutable"
        )
    }

    @Sendable private func preview(_ request: Request) async throws -> Response {
        let token = try delivery.admit(request.parameters["token"] ?? "", starting: true)
        return try FileResponse.make(
            for: request,
            path: try delivery.previewPath(token),
            contentType: "image/webp",
            cacheControl: "private, max-age=3600"
        )
    }

    /// `storyboard-<n>.jpg`; nil for other names.
    func sprite(_ name: String, for request: Request) throws -> Response? {
        guard name.hasPrefix("storyboard-"), name.hasSuffix(".jpg"), let number = Int(name.dropFirst(11).dropLast(4)),
            (0..<1000).contains(number)
        else { return nil }
        return try FileResponse.make(
            for: request,
            path: try delivery.spritePath(number, try token(request)),
            contentType: "image/jpeg",
            cacheControl: "private, max-age=31536000, immutable"
        )
    }
}
