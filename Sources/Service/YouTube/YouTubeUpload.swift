internal import Core
internal import ObjectStorage
internal import SQL
internal import Synchronization

/// One recording on its way to YouTube.
struct YouTubeUpload {
    /// How often it is written down how far it is.
    private static let interval = Duration.seconds(1)

    private let asset: AssetID
    private let details: YouTubeDetails
    private let size: Int64
    private let key: ObjectKey
    private let type: String
    private let client: YouTubeClient
    private let context: ProcessingContext
    private var session: String?
    private var token = ""
    private var isTokenNew = false
    /// Whether YouTube has more than when this began.
    private(set) var hasProgress = false

    /// - Parameters:
    ///   - video: as it stands in the database.
    ///   - key: its original.
    ///   - type: what that is, `video/mp4`.
    ///   - client: speaks to YouTube.
    ///   - context: where the original and the database are.
    init(
        _ video: YouTubeVideo,
        _ key: ObjectKey,
        type: String,
        _ client: YouTubeClient,
        _ context: ProcessingContext
    ) {
        asset = video.asset
        details = video.details
        size = video.size
        session = video.session
        self.key = key
        self.type = type
        self.client = client
        self.context = context
    }

    /// Sends until the video is there, or an attempt adds nothing.
    ///
    /// - Throws: ``YouTubeFailure``; `CancellationError` when it is wanted no more.
    mutating func run() async throws {
        token = try await client.accessToken()
        var known: YouTubeClient.Position?
        var furthest: Int64 = -1
        var obstacle = YouTubeFailure.passing("YouTube has all of the video and does not say that it is there.")
        var hasBegunAnew = false
        while true {
            do {
                let position = if let known { known } else { try await ask() }
                guard case .at(let offset) = position else { return try await finish(position) }
                guard offset > furthest else { throw obstacle }
                hasProgress = hasProgress || furthest >= 0
                furthest = offset
                do {
                    known = offset < size ? try await send(from: offset) : nil
                } catch YouTubeFailure.passing(let reason) {
                    (known, obstacle) = (nil, .passing(reason))
                }
            } catch YouTubeFailure.gone where !hasBegunAnew {
                hasBegunAnew = true
                try await forgetSession()
                (known, furthest, hasProgress) = (nil, -1, false)
            }
        }
    }

    /// How far YouTube is; begins a session where there is none.
    private mutating func ask() async throws -> YouTubeClient.Position {
        let (client, size) = (client, size)
        if let session {
            return try await authorized { try await client.position(in: session, size: size, token: $0) }
        }
        let (details, type) = (details, type)
        let made = try await authorized { try await client.begin(details, size: size, type: type, token: $0) }
        // Before the first byte: a session that nobody knows makes no video.
        try await change("session = \(made), sent = 0", where: "session IS NULL")
        session = made
        return .at(0)
    }

    private mutating func send(from offset: Int64) async throws -> YouTubeClient.Position? {
        guard let session else { return nil }
        let (client, key, size, store) = (client, key, size, context.store)
        let note = noting(session)
        return try await authorized { token in
            let object = try await store.get(key, range: offset..<size)
            return try await client.send(object, to: session, token: token, onBlock: note)
        }
    }

    /// Writes down how far it is, at first, now and then, and before the last block, which makes the video: who puts
    /// the recording into the trash before that ends the upload.
    private func noting(_ session: String) -> @Sendable (Int64, Bool) async throws -> Void {
        let last = Mutex<ContinuousClock.Instant?>(nil)
        let note: @Sendable (Int64, Bool) async throws -> Void = { [self] sent, isLast in
            let isTime = last.withLock { last in
                if let last, ContinuousClock.now - last < Self.interval { return false }
                last = .now
                return true
            }
            if isTime || isLast { try await change("sent = \(sent)", where: "session = \(session)") }
        }
        return note
    }

    private mutating func forgetSession() async throws {
        try await change("session = NULL, sent = 0", where: "session = \(session)")
        session = nil
    }

    private func finish(_ position: YouTubeClient.Position) async throws {
        guard case .complete(let video) = position else { return }
        let facts: [String: JSONValue] = [
            "asset": .string(Subject.asset(asset)), "youtube": .string(video.id), "bytes": .integer(size),
        ]
        do {
            try await change(
                """
                state = 'published', sent = size, session = NULL, reason = NULL, youtube_id = \(video.id),
                    privacy = \(video.privacy)
                """,
                where: "session = \(session)"
            )
        } catch is CancellationError {
            context.logger.warning("a video is on YouTube whose recording was deleted at its last byte", facts)
            throw CancellationError()
        }
        context.logger.info("a video is on YouTube", facts)
    }

    /// - Throws: `CancellationError` when the recording was deleted, or another worker has it.
    private func change(_ assignments: Query, where condition: Query) async throws {
        let changed = try await context.database.write { transaction in
            try transaction.run(
                """
                UPDATE youtube_videos SET \(sql: assignments), updated_at = \(Timestamp.now)
                WHERE asset_id = \(asset) AND state = 'uploading' AND \(sql: condition)
                """
            )
        }
        guard changed == 1 else { throw CancellationError() }
    }

    /// With the token, and once more with a new one when it counts no more.
    private mutating func authorized<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        do {
            let result = try await body(token)
            isTokenNew = false
            return result
        } catch YouTubeFailure.unauthorized where !isTokenNew {
            token = try await client.accessToken()
            isTokenNew = true
            return try await body(token)
        }
    }
}
