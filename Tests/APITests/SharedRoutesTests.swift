import Core
import HTTP
import SQL
import Testing

@testable import API

@Suite struct SharedRoutesTests {
    private struct Made: Decodable { let token: String }

    /// An asset that plays, and its owner's token.
    private func playing(_ service: ServiceUnderTest) async throws -> (asset: String, token: String) {
        let token = try await service.register("ann")
        let asset = try await service.asset(token: token)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'ready', duration = 10000000") }
        return (asset, token)
    }

    @Test("a page of a site that is not listed gets no session, however it asks")
    func origins() async throws {
        let service = try await ServiceUnderTest()
        let (asset, token) = try await playing(service)
        func share(_ body: String) async throws -> String {
            try (try await service.send(.post, "/media/\(asset)/share", body, token: token)).decoded(Made.self).token
        }
        let bound = try await share(#"{"allowedOrigins": ["https://Example.com"]}"#)
        let free = try await share("{}")
        func status(_ share: String, _ origin: String?) async throws -> Int {
            var headers: Headers = ["Host": "media.example"]
            if let origin { headers["Origin"] = origin }
            return try await service.send(.post, "/public/stream/\(share)/play", headers: headers).status
        }
        for origin in ["https://evil.example", "null", "https://example.com.evil.example"] {
            #expect(try await status(bound, origin) == 403, "\(origin)")
            #expect(try await status(free, origin) == 200, "\(origin)")
        }
        // The listed site, our own page inside its frame, and what is no page.
        for origin in ["https://example.com", "http://media.example", nil] {
            #expect(try await status(bound, origin) == 200, "\(origin ?? "none")")
        }
        let views = try await service.database.read { connection in
            try connection.all("SELECT views FROM shares ORDER BY id").map { try $0.get("views", as: Int.self) }
        }
        #expect(views == [3, 3], "who is refused is no view")
    }

    @Test("oEmbed calls a video a video, and a sound something rich: it has no type for it")
    func embedded() async throws {
        struct Card: Decodable {
            let type: String
            let width: Int
            let height: Int
            let html: String
        }
        let service = try await ServiceUnderTest()
        let (asset, token) = try await playing(service)
        let share = try (try await service.send(.post, "/media/\(asset)/share", "{}", token: token)).decoded(Made.self)
        for (kind, type) in [("video", "video"), ("audio", "rich")] {
            try await service.database.write { try $0.run("UPDATE assets SET kind = \(kind)") }
            let url = "http%3A%2F%2Fmedia.example%2Fpublic%2Fstream%2F\(share.token)"
            let answer = try await service.send(.get, "/oembed?url=\(url)", headers: ["Host": "media.example"])
            let card = try answer.decoded(Card.self)
            #expect(card.type == type)
            // What both types need (oembed.com, sections 2.3.4.2 and 2.3.4.4).
            #expect(card.width > 0 && card.height > 0 && card.html.contains("<iframe"))
        }
    }

    @Test("a picture is not shared as a stream, and one that a recording has become plays nothing")
    func pictures() async throws {
        let service = try await ServiceUnderTest()
        let (asset, token) = try await playing(service)
        let path = "/media/\(asset)/share"
        let made = try (try await service.send(.post, path, "{}", token: token)).decoded(Made.self)
        try await service.database.write { try $0.run("UPDATE assets SET kind = 'image'") }
        let refused = try await service.send(.post, path, "{}", token: token)
        #expect(refused.status == 409 && refused.error?.contains("picture") == true)
        #expect(try await service.send(.get, "/public/stream/\(made.token)").status == 409)
        #expect(try await service.send(.post, "/public/stream/\(made.token)/play").status == 409)
        let views = try await service.database.read { connection in
            try connection.all("SELECT views FROM shares").map { try $0.get("views", as: Int.self) }
        }
        #expect(views == [0])
    }
}
