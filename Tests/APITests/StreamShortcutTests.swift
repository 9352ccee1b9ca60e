import Core
import Foundation
import HTTP
import ObjectStorage
import SQL
import Service
import Testing

@testable import API

/// Segments in memory are answered before any handler: what was taken back must not come from there.
@Suite struct StreamShortcutTests {
    @Test("a segment in memory is refused once its share is revoked, or its recording deleted")
    func revoked() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("anna")
        let asset = try await service.asset(token: token)
        let share = try await service.share(asset, token: token)
        let own = try await service.link(asset)
        let shared = try await service.play(share)
        // Both links lead to one file.
        try await service.keep(own, isAlsoAt: shared)
        let revoking = try await service.send(.delete, "/api/media/\(asset)/share/\(share)", token: token)
        #expect(revoking.status == 204)
        try await service.keep(own)
        #expect(service.shortcut(shared) == nil)
        #expect(try await service.send(.get, shared).status == 410)
        try await service.keep(own)
        #expect(try await service.send(.delete, "/api/assets/\(asset)", token: token).status == 204)
        #expect(service.shortcut(own) == nil)
        #expect(try await service.send(.get, own).status == 404)
    }
}

extension ServiceUnderTest {
    fileprivate func share(_ asset: String, token: String) async throws -> String {
        struct Share: Decodable { let token: String }
        return try (try await send(.post, "/api/media/\(asset)/share", "{}", token: token)).decoded(Share.self).token
    }

    /// A segment's path, as one who has the share gets it; the recording is made to play.
    fileprivate func play(_ share: String) async throws -> String {
        struct Session: Decodable { let masterUrl: String }
        try await database.write { try $0.run("UPDATE versions SET status = 'ready'") }
        let answer = try await send(.post, "/public/stream/\(share)/play", "{}")
        return try segment(beside: answer.decoded(Session.self).masterUrl)
    }

    /// Asks until the file is in memory: one that was just written is not kept.
    ///
    /// `other`: a link that leads to it, too. It is there for a second, so both are looked at together.
    fileprivate func keep(_ link: String, isAlsoAt other: String? = nil) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while shortcut(link)?.status != .ok || shortcut(other ?? link)?.status != .ok {
            try #require(ContinuousClock.now < deadline, "it never came into memory")
            #expect(try await send(.get, link).status == 200)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func segment(beside master: String) throws -> String {
        let path = try #require(URL(string: master)?.path)
        return path.replacing("master.m3u8", with: "360p/0.m4s")
    }

    fileprivate func link(_ asset: String) async throws -> String {
        let id = try #require(AssetID(parsing: asset))
        try await put([1, 2, 3], as: try AssetKeys.file(id, version: 1, rendition: "360p", name: "0.m4s"))
        let record = try #require(try await catalog.find(id))
        return try segment(beside: "http://telecine" + delivery.link(to: record).master)
    }
}
