internal import Core
internal import HTTP
internal import Service

/// Behind a token that names an upload: what plays of it before it is complete, and after.
///
/// Each is nil for any other token.
extension StreamRoutes {
    private func token(_ request: Request, starting: Bool) throws -> EarlyToken? {
        try early?.admit(request.parameters["token"] ?? "", starting: starting)
    }

    func earlyMaster(_ request: Request) async throws -> Response? {
        guard let early, let token = try token(request, starting: true) else { return nil }
        return playlist(try await early.master(token), caching: "no-cache", for: request)
    }

    func earlyPlaylist(_ request: Request) async throws -> Response? {
        guard let early, let token = try token(request, starting: false) else { return nil }
        let text = try await early.playlist(token, rendition: request.parameters["rendition"] ?? "")
        return playlist(text, caching: "private, max-age=300", for: request)
    }

    func earlyFile(_ request: Request) async throws -> Response? {
        guard let early, let token = try token(request, starting: false) else { return nil }
        let (name, rendition) = (request.parameters["file"] ?? "", request.parameters["rendition"] ?? "")
        let file = try await early.file(name, rendition: rendition, token) { request.isClientConnected() }
        // The same upload gives the same bytes whenever they are copied.
        let etag = "\"\(token.upload)-\(rendition)-\(name)\""
        switch file {
        case .bytes(let bytes):
            return FileResponse.make(
                for: request,
                bytes: SharedBytes(bytes),
                contentType: Self.segmentType(name),
                cacheControl: Self.forGood,
                etag: etag
            )
        case .descriptor(let descriptor):
            return try FileResponse.make(
                for: request,
                descriptor: descriptor,
                contentType: Self.segmentType(name),
                cacheControl: Self.forGood,
                etag: etag
            )
        }
    }
}
