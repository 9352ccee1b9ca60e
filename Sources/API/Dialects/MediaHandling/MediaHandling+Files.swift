internal import Core
internal import HTTP
internal import Service

/// `/media/…`: the files.
extension MediaHandling {
    @Sendable func file(_ request: Request) async throws -> Response {
        let digits = (request.parameters["file"] ?? "").prefix { ("0"..."9").contains($0) }
        guard let id = AssetID(parsing: digits), let asset = try await catalog.find(id),
            let file = MediaFile.all(of: asset).first(where: { $0.path == request.path })
        else { throw ServiceError(.notFound, "There is no such file.") }
        try await admit(request, to: asset)
        let isWanted = { @Sendable in request.isClientConnected() }
        switch file.role {
        case .stream:
            let link = try await delivery.playing(id, isWanted: isWanted)
            var response = Response.redirect(to: link.master)
            response.headers["Cache-Control"] = "no-store"
            return response
        case .file(let role):
            let found = try await delivery.file(role, of: id, isWanted: isWanted)
            var response = try FileResponse.make(
                for: request,
                path: found.path,
                contentType: found.mimeType,
                // An owner may close a file: caches forget it soon.
                cacheControl: asset.isPublic ? "public, max-age=600" : "private, max-age=600"
            )
            response.headers["X-Content-Type-Options"] = "nosniff"
            if role == .original {
                // The name is of harmless letters only.
                let name = file.path.split(separator: "/").last ?? ""
                response.headers["Content-Disposition"] = "inline; filename=\"\(name)\""
            }
            return response
        }
    }

    /// Whoever may see a file: everybody when it is open, else who has its signed address, its owner, administrators.
    ///
    /// - Throws: `.forbidden`, `.tokenExpired`, `.unauthenticated`.
    private func admit(_ request: Request, to asset: AssetRecord) async throws {
        if asset.isPublic { return }
        if let text = request.query.first("token") {
            // A player that has begun goes on past the expiry, as with the streams.
            let token = try delivery.admit(text, starting: false)
            guard token.asset == asset.id else { throw ServiceError(.forbidden, "Invalid token") }
            return
        }
        guard let principal = try await authentication.principalIfAny(for: request),
            principal.userID == asset.owner || principal.isAdmin
        else { throw ServiceError(.forbidden, "Access denied") }
    }
}
