internal import Core
package import HTTP
package import Service
internal import Synchronization

/// `GET /api/uploads/{id}/events`: how an upload gets on, as server-sent events, whichever door began it.
///
/// Each event's data is what contract 1's status says, with the offset in bytes. After the last one the stream ends;
/// a client that comes again by itself, as `EventSource` does, is answered 204, which stops it.
package struct UploadEvents: Sendable {
    private let watch: UploadWatch
    private let authentication: Authentication
    private let address: PublicAddress
    private let open = OpenStreams()

    private static let lastEvent = "end"

    package init(watch: UploadWatch, authentication: Authentication, address: PublicAddress) {
        self.watch = watch
        self.authentication = authentication
        self.address = address
    }

    package func register(on router: inout Router) {
        router.on(.get, "/api/uploads/:id/events", follow)
    }

    private struct News: Encodable, Sendable {
        let uploadId: String
        let status: UploadState
        let offset: Int64?
        let size: Int64?
        let receivedChunks: Int
        let totalChunks: Int
        let progress: Int
        let assetId: String?
        let error: String?
        let masterUrl: String?

        init(_ news: UploadNews, base: String) {
            uploadId = news.id.rawValue
            status = UploadState(news.state, news.status)
            offset = news.offset
            size = news.size
            receivedChunks = news.receivedParts
            totalChunks = news.parts
            progress = news.progress
            assetId = news.assetID?.contractName
            error = news.error
            masterUrl = news.early.map { base + $0.master }
        }
    }

    @Sendable private func follow(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        guard let id = UploadID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Upload not found")
        }
        guard request.headers["Last-Event-ID"] != Self.lastEvent else { return Response(.noContent) }
        let base = try address.base(for: request)
        let place = try open.enter(principal.userID)
        let news = try await watch.news(of: id, for: principal.userID)
        return .events { writer in
            for await item in news {
                try await writer.send(json: News(item, base: base), id: item.isFinal ? Self.lastEvent : nil)
            }
            place.leave()
        }
    }
}

/// How many streams each user has open: every one holds a connection.
private final class OpenStreams: Sendable {
    private static let most = 16

    private let counts = Mutex<[UserID: Int]>([:])

    /// - Throws: `.tooManyRequests`.
    func enter(_ user: UserID) throws -> Place {
        let isAllowed = counts.withLock { counts in
            guard counts[user, default: 0] < Self.most else { return false }
            counts[user, default: 0] += 1
            return true
        }
        guard isAllowed else {
            throw ServiceError(
                .tooManyRequests,
                "You follow \(Self.most) uploads at once already. Close one of these streams.",
                retryAfter: .seconds(5)
            )
        }
        return Place(of: user, among: self)
    }

    fileprivate func leave(_ user: UserID) {
        counts.withLock { counts in
            let left = counts[user, default: 1] - 1
            counts[user] = left > 0 ? left : nil
        }
    }

    /// One stream; left at the latest when nobody holds it, because a stream may never begin.
    final class Place: Sendable {
        private let user: UserID
        private let streams: OpenStreams
        private let hasLeft = Mutex(false)

        init(of user: UserID, among streams: OpenStreams) {
            self.user = user
            self.streams = streams
        }

        deinit { leave() }

        func leave() {
            let isFirst = hasLeft.withLock { hasLeft in
                defer { hasLeft = true }
                return !hasLeft
            }
            if isFirst { streams.leave(user) }
        }
    }
}
