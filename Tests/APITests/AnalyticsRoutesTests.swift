import Core
import Foundation
import HTTP
import SQL
import Testing

@testable import API

@Suite struct AnalyticsRoutesTests {
    private struct Reply: Decodable {
        struct Totals: Decodable {
            let views: Int
            let uniqueViewers: Int
            let watchTime: Double
        }
        let totals: Totals
        let shares: [Share]?
        struct Share: Decodable {
            let token: String?
            let totals: Totals
        }
    }

    /// An asset that plays, its owner's token, and the token of its stream.
    private func playing(_ service: ServiceUnderTest) async throws -> (asset: String, token: String, stream: String) {
        struct Links: Decodable { let masterUrl: String }
        let token = try await service.register("ann")
        let asset = try await service.asset(token: token)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'ready', duration = 10000000") }
        let links = try (try await service.send(.get, "/media/\(asset)/stream", token: token)).decoded(Links.self)
        let parts = try #require(URL(string: links.masterUrl)?.path.split(separator: "/"))
        return (asset, token, String(parts[1]))
    }

    private func totals(_ service: ServiceUnderTest, _ asset: String, _ token: String) async throws -> Reply.Totals {
        try (try await service.send(.get, "/media/\(asset)/analytics", token: token)).decoded(Reply.self).totals
    }

    @Test("single events and batches are taken from the account, and from whoever has the stream's token")
    func doors() async throws {
        let service = try await ServiceUnderTest()
        let (asset, token, stream) = try await playing(service)
        let batch =
            #"{"session": "s1", "events": [{"event": "play", "position": 0, "ago": 5}, "#
            + #"{"event": "heartbeat", "position": 5, "ago": 0}]}"#
        let doors: [(path: String, body: String, token: String?, type: String?)] = [
            ("/media/\(asset)/events", #"{"event": "play", "position": 30.5, "buffering": false}"#, token, nil),
            ("/api/media/\(asset)/events?token=\(stream)", batch, nil, "text/plain;charset=UTF-8"),
            (
                "/media/\(asset)/events", #"{"event": "play", "session": "s2", "token": "\#(stream)"}"#, nil,
                "text/plain"
            ),
            ("/stream/\(stream)/events", batch.replacing("s1", with: "s3"), nil, "text/plain;charset=UTF-8"),
        ]
        for (number, door) in doors.enumerated() {
            let answer = try await service.send(.post, door.path, door.body, token: door.token, type: door.type)
            #expect(answer.status == 204, "door \(number): \(answer.error ?? "")")
        }
        let totals = try await totals(service, asset, token)
        #expect(totals.views == 4 && totals.watchTime == 10)
        #expect(totals.uniqueViewers == 2, "the account, and the address")
    }

    @Test("what is wrong is named, and nothing of its batch is counted")
    func refusals() async throws {
        let service = try await ServiceUnderTest()
        let (asset, token, stream) = try await playing(service)
        let path = "/stream/\(stream)/events"
        let refused: [(body: String, field: String)] = [
            (#"{"event": "dance"}"#, "event"), (#"{}"#, "event"),
            (#"{"events": [{"event": "play"}, {"event": "dance"}]}"#, "events[1].event"),
            (#"{"events": [{"event": "play", "position": -1}]}"#, "events[0].position"),
            (#"{"event": "play", "session": "a b"}"#, "session"),
        ]
        struct Problem: Decodable {
            let error: String
            let field: String
        }
        for (body, field) in refused {
            let answer = try await service.send(.post, path, body)
            let problem = try answer.decoded(Problem.self)
            #expect(answer.status == 400 && problem.field == field, "\(body)")
            if body.contains("dance") {
                #expect(problem.error.contains("dance") && problem.error.contains("quality_change"))
            }
        }
        let other = try await service.asset(token: token)
        let play = #"{"event": "play", "session": "a"}"#
        #expect(try await service.send(.post, "/media/\(other)/events?token=\(stream)", play).status == 403)
        #expect(try await service.send(.post, "/media/\(asset)/events", play).status == 401)
        #expect(try await service.send(.post, path, String(repeating: " ", count: 70_000)).status == 413)
        #expect(try await totals(service, asset, token).views == 0)
    }

    @Test("analytics leave as JSON and as CSV, to the owner alone, for days that are days")
    func answers() async throws {
        let service = try await ServiceUnderTest()
        let (asset, token, stream) = try await playing(service)
        let play = #"{"event": "play", "session": "a"}"#
        let began = Timestamp.now
        #expect(try await service.send(.post, "/stream/\(stream)/events", play).status == 204)
        let path = "/api/media/\(asset)/analytics"
        let csv = try await service.send(.get, "\(path)?format=csv", token: token)
        #expect(csv.response.headers["Content-Type"]?.hasPrefix("text/csv") == true)
        let lines = String(decoding: csv.bytes, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count == 31 && lines[0].hasPrefix("date,views,unique_viewers,watch_time"))
        // Two days when it is midnight.
        let days = [began, .now].map { $0.iso8601.prefix(10) }
        #expect(lines.suffix(2).contains { line in days.contains { line.hasPrefix("\($0),1,1,0.0,") } })
        #expect(days.contains(lines[30].prefix(10)))
        let curve = try await service.send(.get, "\(path)?format=csv&table=retention", token: token)
        #expect(String(decoding: curve.bytes, as: UTF8.self).split(separator: "\r\n").count == 11)
        for query in [
            "from=today", "to=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=2020-01-01", "format=xml",
            "format=csv&table=all",
        ] {
            #expect(try await service.send(.get, "\(path)?\(query)", token: token).status == 400, "\(query)")
        }
        #expect(try await service.send(.get, "\(path)?share=none", token: token).status == 200)
        #expect(try await service.send(.get, "\(path)?share=other", token: token).status == 404)
        #expect(try await service.send(.get, path).status == 401)
        let stranger = try await service.register("bob")
        #expect(try await service.send(.get, path, token: stranger).status == 403)
    }
}
