import Core
import SQL
import Testing

@testable import Service

@Suite struct YouTubeTests {
    // MARK: - What YouTube takes

    private func field(_ body: () throws -> YouTubeDetails) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? ServiceError)?.field
        }
    }

    @Test("what YouTube would refuse is refused by its field, what just fits is not")
    func limits() {
        #expect(field { try YouTubeDetails(title: String(repeating: "ä", count: 100), ownTitle: "") } == nil)
        #expect(field { try YouTubeDetails(title: String(repeating: "😀", count: 51), ownTitle: "") } == "title")
        for title in ["", " \n", "a<b", "a>b"] {
            #expect(field { try YouTubeDetails(title: title, ownTitle: "A clip") } == "title")
        }
        let half = String(repeating: "é", count: 2500)
        #expect(field { try YouTubeDetails(title: nil, ownTitle: "A", description: half) } == nil)
        #expect(field { try YouTubeDetails(title: nil, ownTitle: "A", description: half + "x") } == "description")
        #expect(YouTubeDetails.length(of: ["one", "two words", ""]) == 3 + 1 + 11 + 1)
        #expect(
            field { try YouTubeDetails(title: nil, ownTitle: "A", tags: [String(repeating: "t", count: 500)]) } == nil
        )
        #expect(
            field { try YouTubeDetails(title: nil, ownTitle: "A", tags: ["a", String(repeating: "t", count: 499)]) }
                == "tags"
        )
        #expect(field { try YouTubeDetails(title: nil, ownTitle: "A", tags: ["<"]) } == "tags")
    }

    @Test(
        "a recording's own title is made to fit",
        arguments: [
            ("A clip", "A clip"), (" <i>Sea</i> ", "iSea/i"), ("<>", "Untitled"), ("", "Untitled"),
            (String(repeating: "😀", count: 80), String(repeating: "😀", count: 50)),
        ]
    )
    func ownTitle(_ own: String, _ fitting: String) throws {
        #expect(try YouTubeDetails(title: nil, ownTitle: own).title == fitting)
        #expect(try YouTubeDetails(title: nil, ownTitle: own).isPrivate)
    }

    // MARK: - What YouTube answers

    private func answer(_ status: Int, _ body: String = "", range: String? = nil) -> YouTubeClient.Answer {
        YouTubeClient.Answer(status: status, range: range, location: nil, body: Array(body.utf8))
    }

    private func refusal(_ status: Int, _ reason: String) -> String {
        #"{"error": {"code": \#(status), "message": "No <b>more</b>.", "errors": [{"reason": "\#(reason)"}]}}"#
    }

    @Test("a session says what it waits for, or the video")
    func positions() throws {
        #expect(try YouTubeClient.position(answer(308)) == .at(0))
        #expect(try YouTubeClient.position(answer(308, range: "bytes=0-524287")) == .at(524_288))
        for range in ["bytes=1-2", "bytes=0-", "0-9", "bytes=0-9999999999999999999", "bytes=0-9,20-29"] {
            #expect(throws: YouTubeFailure.self) { try YouTubeClient.position(answer(308, range: range)) }
        }
        let video = #"{"kind": "youtube#video", "id": "a-B_9", "status": {"privacyStatus": "private"}}"#
        let made = YouTubeClient.Video(id: "a-B_9", privacy: "private")
        #expect(try YouTubeClient.position(answer(201, video)) == .complete(made))
        #expect(try YouTubeClient.position(answer(200, #"{"id": "x"}"#)) == .complete(.init(id: "x", privacy: nil)))
        for body in ["", "{}", #"{"id": ""}"#, #"{"id": "a&b=c"}"#, #"{"id": "é"}"#] {
            #expect(throws: YouTubeFailure.self) { try YouTubeClient.position(answer(200, body)) }
        }
    }

    @Test("a refusal lasts or passes as YouTube means it, and says why")
    func refusals() {
        func failure(_ status: Int, _ reason: String) -> YouTubeFailure {
            YouTubeFailure(status: status, body: Array(refusal(status, reason).utf8))
        }
        #expect(failure(403, "quotaExceeded") == .lasting("YouTube says: No more. (quotaExceeded)"))
        #expect(failure(400, "invalidTitle") == .lasting("YouTube says: No more. (invalidTitle)"))
        #expect(failure(403, "rateLimitExceeded") == .passing("YouTube says: No more. (rateLimitExceeded)"))
        #expect(failure(401, "authError") == .unauthorized)
        #expect(failure(404, "x") == .gone && failure(410, "x") == .gone)
        for status in [408, 429, 500, 502, 503, 504] {
            #expect(
                YouTubeFailure(status: status, body: Array("<html>".utf8))
                    == .passing("YouTube says: no reason, with status \(status)")
            )
        }
    }

    @Test("a token that Google takes back lasts, a sign-in that is down passes")
    func tokens() throws {
        func token(_ status: Int, _ body: String) throws(YouTubeFailure) -> String {
            try YouTubeClient.token(status: status, body: Array(body.utf8))
        }
        #expect(try token(200, #"{"access_token": "a", "expires_in": 3599}"#) == "a")
        for (status, body) in [(400, #"{"error": "invalid_grant"}"#), (401, #"{"error": "invalid_client"}"#)] {
            #expect { try token(status, body) } throws: { error in
                if case .lasting(let reason)? = error as? YouTubeFailure {
                    reason.contains("invalid_") && reason.contains("YOUTUBE_REFRESH_TOKEN")
                } else {
                    false
                }
            }
        }
        for status in [200, 302, 429, 500, 503] {
            #expect { try token(status, "") } throws: { error in
                if case .passing? = error as? YouTubeFailure { true } else { false }
            }
        }
    }

    @Test("an upload goes nowhere else than the operator has named")
    func origins() {
        let base = "https://www.googleapis.com"
        #expect(YouTubeClient.isSameOrigin("https://www.googleapis.com/upload/youtube/v3/videos?upload_id=x", base))
        for other in [
            "http://www.googleapis.com/x", "https://www.googleapis.com:444/x", "https://googleapis.com/x", "/x",
            "https://www.googleapis.com@evil.example/x", "https://user:word@www.googleapis.com/x", "",
        ] {
            #expect(!YouTubeClient.isSameOrigin(other, base), "\(other)")
        }
    }

    // MARK: - What is asked for

    private func youtube(_ fixture: Fixture) -> YouTube {
        let catalog = Catalog(database: fixture.database, trashPeriod: .seconds(86_400))
        return YouTube(catalog: catalog, publishers: .owners, patience: .zero)
    }

    private let owner = Principal(
        user: UserInfo(id: Fixture.owner, email: "a@example.com", username: "a", role: .user),
        sessionID: nil,
        proof: .bearer
    )

    private func publish(_ asset: ProcessedAsset, title: String = "A") async throws -> YouTubeVideo {
        try await youtube(asset.fixture).publish(
            asset.id,
            for: owner,
            { try YouTubeDetails(title: title, ownTitle: $0) },
            isWanted: { true }
        )
    }

    private func jobs(_ fixture: Fixture) async throws -> Int {
        let row = try await fixture.database.read {
            try $0.first("SELECT count(*) AS n FROM jobs WHERE kind = \(PublishOnYouTube.kind)")
        }
        return try row?.get("n") ?? 0
    }

    @Test("asked for twice it is sent once; what failed goes on in its session, and anew for other words")
    func again() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let database = asset.fixture.database
        #expect(try await publish(asset).state == .uploading)
        #expect(try await publish(asset, title: "B").details.title == "A")
        #expect(try await jobs(asset.fixture) == 1)
        let id = asset.id
        func fail() async throws {
            try await database.write { connection in
                try connection.run("UPDATE youtube_videos SET session = 'https://a/s'")
                try PublishOnYouTube(asset: id).buried(reason: "no quota", in: connection)
            }
        }
        try await fail()
        let failed = try await youtube(asset.fixture).video(of: id, for: Fixture.owner)
        #expect(failed?.state == .failed && failed?.reason == "no quota")
        #expect(try await publish(asset).session == "https://a/s", "the same video: had YouTube all of it, it says so")
        try await fail()
        let other = try await publish(asset, title: "B")
        #expect(other.session == nil && other.state == .uploading && other.reason == nil)
        #expect(try await jobs(asset.fixture) == 1)
    }

    @Test("a published video is answered, until there is a new edition of the recording")
    func editions() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let database = asset.fixture.database
        _ = try await publish(asset)
        try await database.write { try $0.run("UPDATE youtube_videos SET state = 'published', youtube_id = 'x'") }
        #expect(try await publish(asset, title: "B").youtubeID == "x")
        try await database.write { try $0.run("UPDATE versions SET edition = 2") }
        #expect(try await publish(asset).state == .uploading)
    }

    @Test("the trash ends what is under way, and deleting for good leaves nothing")
    func deletion() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let catalog = Catalog(database: asset.fixture.database, trashPeriod: .seconds(86_400))
        _ = try await publish(asset)
        try await catalog.delete(asset.id, for: Fixture.owner)
        #expect(try await jobs(asset.fixture) == 0)
        _ = try await catalog.restore(asset.id, for: Fixture.owner)
        let ended = try await youtube(asset.fixture).video(of: asset.id, for: Fixture.owner)
        #expect(ended?.state == .failed && ended?.reason?.contains("trash") == true)
        #expect(try await publish(asset).state == .uploading)
        try await catalog.delete(asset.id, for: Fixture.owner, forGood: true)
        #expect(try await jobs(asset.fixture) == 0)
        #expect(try await asset.fixture.database.read { try $0.all("SELECT asset_id FROM youtube_videos") }.isEmpty)
    }

    @Test("what is no video, or has failed, is refused")
    func refusedMedia() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let database = asset.fixture.database
        for change: Query in [
            "UPDATE assets SET kind = 'image'", "UPDATE assets SET kind = 'video'",
        ] {
            try await database.write { try $0.run(change) }
            let isVideo = try await asset.record.kind == "video"
            try await database.write { try $0.run("UPDATE versions SET status = \(isVideo ? "failed" : "ready")") }
            #expect(await code { _ = try await publish(asset) } == .conflict)
        }
        try await database.write { try $0.run("UPDATE versions SET status = 'queued', plan = NULL") }
        #expect(await code { _ = try await publish(asset) } == .notReady)
    }
}
