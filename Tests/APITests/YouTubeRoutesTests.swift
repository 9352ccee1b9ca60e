import Core
import HTTP
import SQL
import Service
import Testing

@testable import API

@Suite struct YouTubeRoutesTests {
    /// A recording that is on its way to YouTube.
    private static func upload(_ service: ServiceUnderTest, _ token: String) async throws -> String {
        let asset = try await service.asset(token: token)
        let id = try #require(AssetID(parsing: asset))
        try await service.database.write { connection in
            try connection.run(
                """
                INSERT INTO youtube_videos (asset_id, edition, state, details, session, sent, size, created_at,
                    updated_at)
                VALUES (\(id), 1, 'uploading',
                    '{"title": "A clip", "description": "", "tags": [], "isPrivate": false}', 'https://a/secret', 500,
                    1500, 1, 1)
                """
            )
        }
        return asset
    }

    @Test("an upload that takes long is answered before its end, with the place that tells how far it is")
    func longUpload() async throws {
        let service = try await ServiceUnderTest(publishers: .owners)
        let token = try await service.register("ann")
        let asset = try await Self.upload(service, token)
        let path = "/api/assets/\(asset)/share/youtube"
        for _ in 1...2 {
            let answer = try await service.send(.post, path, "{}", token: token)
            #expect(answer.status == 202)
            let told = try answer.decoded([String: JSONValue].self)
            let null = JSONValue.null
            #expect(told == ["success": true, "youtubeId": null, "youtubeUrl": null, "status": "uploading"])
            #expect(answer.response.headers["Location"]?.hasSuffix(path) == true)
        }
        let state = try (try await service.send(.get, path, token: token)).decoded([String: JSONValue].self)
        #expect(state["bytesSent"] == 500 && state["bytesTotal"] == 1500 && state["available"] == true)
        let jobs = try await service.database.read { try $0.all("SELECT id FROM jobs WHERE kind LIKE 'youtube%'") }
        #expect(jobs.isEmpty, "nothing is sent a second time")
        try await service.database.write { connection in
            try connection.run("UPDATE youtube_videos SET state = 'published', youtube_id = 'x', privacy = 'private'")
        }
        let done = try await service.send(.post, path, "{}", token: token)
        let told = try done.decoded([String: JSONValue].self)
        #expect(done.status == 200 && told["status"] == "private", "as YouTube says, whatever was asked for")
        #expect(told["youtubeUrl"] == "https://www.youtube.com/watch?v=x")
    }

    @Test("where the channel is the administrators', others are told so")
    func administrators() async throws {
        let service = try await ServiceUnderTest(publishers: .admins)
        let token = try await service.register("ann")
        let asset = try await service.asset(token: token)
        let path = "/api/assets/\(asset)/share/youtube"
        #expect(try await service.send(.post, path, "{}", token: token).status == 403)
        let state = try (try await service.send(.get, path, token: token)).decoded([String: JSONValue].self)
        #expect(state["available"] == false)
    }

    @Test("what was not looked into yet has to wait")
    func notReady() async throws {
        let service = try await ServiceUnderTest(publishers: .owners)
        let token = try await service.register("ann")
        let path = "/api/assets/\(try await service.asset(token: token))/share/youtube"
        let answer = try await service.send(.post, path, token: token)
        #expect(answer.status == 409 && answer.response.headers["Retry-After"] != nil)
        #expect(try answer.decoded(Problem.self).code == "not_ready")
    }
}
