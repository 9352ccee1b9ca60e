internal import Core
internal import HTTP
internal import Service

/// `/api/assets/:id/share/youtube`: a recording on the operator's YouTube channel.
extension MediaManagement {
    func registerYouTube(on router: inout Router) {
        router.on(.post, "/api/assets/:id/share/youtube", publishOnYouTube)
        router.on(.get, "/api/assets/:id/share/youtube", youTubeState)
    }

    private struct Body: Decodable {
        let title: String?
        let description: String?
        let tags: [String]?
        let `private`: Bool?
    }

    @Sendable private func publishOnYouTube(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.assetID(request)
        var body: Body?
        if !request.body.isEmpty { body = try await request.json(limit: 64 << 10) as Body }
        let video = try await youtube.publish(
            id,
            for: principal,
            { [body] title in
                try YouTubeDetails(
                    title: body?.title,
                    ownTitle: title,
                    description: body?.description ?? "",
                    tags: body?.tags ?? [],
                    isPrivate: body?.private ?? true
                )
            },
            isWanted: { request.isClientConnected() }
        )
        switch video.state {
        case .failed:
            let reason = video.reason ?? "The video could not be published."
            return .problem(.badGateway, code: "youtube_failed", reason)
        case .published: return try .json(Self.answer(video))
        case .uploading:
            var response = try Response.json(Self.answer(video), status: .accepted)
            response.headers["Location"] =
                "\(try address.base(for: request))/api/assets/\(id.contractName)/share/youtube"
            return response
        }
    }

    @Sendable private func youTubeState(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let video = try await youtube.video(of: try Self.assetID(request), for: principal.userID)
        var answer = Self.answer(video)
        answer["available"] = .bool(youtube.isOpen(to: principal))
        if let video {
            answer["private"] = .bool(video.isPrivate)
            answer["bytesSent"] = .integer(video.sent)
            answer["bytesTotal"] = .integer(video.size)
            answer["error"] = video.reason.map { .string($0) }
        }
        return try .json(JSONValue.object(answer))
    }

    /// Contract 1's form; `null` until there is a video.
    private static func answer(_ video: YouTubeVideo?) -> [String: JSONValue] {
        [
            "success": .bool(video != nil && video?.state != .failed),
            "youtubeId": video?.youtubeID.map { .string($0) } ?? .null,
            "youtubeUrl": video?.url.map { .string($0) } ?? .null,
            "status": .string(status(video)),
        ]
    }

    private static func status(_ video: YouTubeVideo?) -> String {
        guard let video else { return "none" }
        return video.state == .published && video.isPrivate ? "private" : video.state.rawValue
    }
}
