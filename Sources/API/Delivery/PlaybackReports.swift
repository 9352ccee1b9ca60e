internal import Core
internal import HTTP
internal import Service

/// What players say of a playback, from wherever it comes.
struct PlaybackReports: Sendable {
    let insight: Insight
    let addresses: ClientAddress

    /// Takes events that a stream's own link vouches for.
    ///
    /// - Throws: `.invalidRequest` with the field, `.tooManyRequests`.
    func record(_ body: PlaybackReportBody, _ token: StreamToken, from request: Request) throws {
        try record(body, asset: token.asset, share: token.share, account: nil, from: request)
    }

    /// Takes events of one whose account may watch the asset.
    func record(_ body: PlaybackReportBody, asset: AssetID, account: UserID, from request: Request) throws {
        try record(body, asset: asset, share: nil, account: account, from: request)
    }

    private func record(
        _ body: PlaybackReportBody,
        asset: AssetID,
        share: ShareID?,
        account: UserID?,
        from request: Request
    ) throws {
        let source = try PlaybackSource(
            asset: asset,
            share: share,
            session: body.session,
            visitor: visitor(request, account: account)
        )
        try insight.record(body.playbackEvents(), from: source)
    }

    /// Counts a segment for a player that sends Common Media Client Data, in the query or in headers.
    ///
    /// For all others it costs a look at both.
    func note(_ request: Request, file: String, rendition: String, _ token: StreamToken) {
        let texts: [String]
        if !request.query.isEmpty, let text = request.query.first("CMCD") {
            texts = [text]
        } else if let session = request.headers["CMCD-Session"] {
            // Without a session's name the others say nothing that could be counted.
            texts = [session] + ["CMCD-Request", "CMCD-Object", "CMCD-Status"].compactMap { request.headers[$0] }
        } else {
            return
        }
        guard request.method == .get, file.hasSuffix(".m4s"), let number = Int(file.dropLast(4)),
            let said = CMCD(texts),
            let source = try? PlaybackSource(
                asset: token.asset,
                share: token.share,
                session: said.session,
                visitor: visitor(request, account: nil)
            )
        else { return }
        let segment = FetchedSegment(
            version: token.version,
            rendition: rendition,
            number: number,
            isStarved: said.isStarved
        )
        insight.record(segment, from: source)
    }

    private func visitor(_ request: Request, account: UserID?) -> Visitor {
        Visitor(
            account: account,
            address: addresses.of(request),
            agent: request.headers["User-Agent"] ?? "",
            isPrivate: request.headers["DNT"] == "1" || request.headers["Sec-GPC"] == "1"
        )
    }
}

/// One event, as contract 1 shows it, or several in `events`.
struct PlaybackReportBody: Decodable {
    struct Event: Decodable {
        let event: String
        let position: Double?
        let quality: String?
        let buffering: Bool?
        let from: Double?
        let duration: Double?
        let code: String?
        let ago: Double?
    }

    private enum CodingKeys: CodingKey {
        case events, session, token
    }

    let events: [Event]
    let isBatch: Bool
    /// The player's name for the playback.
    let session: String?
    /// The stream's, from those who can send no header.
    let token: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        isBatch = container.contains(.events)
        events = isBatch ? try container.decode([Event].self, forKey: .events) : [try Event(from: decoder)]
        session = try container.decodeIfPresent(String.self, forKey: .session)
        token = try container.decodeIfPresent(String.self, forKey: .token)
    }

    /// What a browser sends with `sendBeacon` at most.
    private static let limit = 64 << 10

    static func read(_ request: Request) async throws -> Self {
        try await request.json(limit: limit, orText: true)
    }

    /// - Throws: `.invalidRequest` that names the field: `events[2].position`.
    func playbackEvents() throws -> [PlaybackEvent] {
        try events.enumerated().map { index, event in
            do {
                return try PlaybackEvent(
                    event: event.event,
                    position: event.position,
                    quality: event.quality,
                    buffering: event.buffering,
                    from: event.from,
                    duration: event.duration,
                    code: event.code,
                    ago: event.ago
                )
            } catch let error as ServiceError where isBatch {
                let place = "events[\(index)]."
                throw ServiceError(error.code, place + error.message, field: error.field.map { place + $0 })
            }
        }
    }
}
