import Core
import Foundation
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite struct DeliveryTests {
    private func delivery(_ fixture: Fixture) -> Delivery {
        Delivery(
            database: fixture.database,
            catalog: fixture.catalog,
            store: fixture.store,
            keys: StreamKeys(secrets: [noise(32)]),
            expiresIn: 3600
        )
    }

    private func token(_ link: Delivery.Link) throws -> String {
        String(try #require(link.master.split(separator: "/").dropFirst().first))
    }

    @Test("the expiry gates the start; what has started goes on for twice the duration")
    func expiry() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let begun = Timestamp(seconds: 1_700_000_000)
        let text = try token(delivery.link(to: try await asset.record, at: begun))
        let token = try delivery.admit(text, starting: true, at: begun)
        #expect(token.asset == asset.id && token.version == 1)
        #expect(token.expires >= begun + .seconds(3600) && token.expires < begun + .seconds(4500))
        let at = { (time: Timestamp, starting: Bool) async in
            await code { _ = try delivery.admit(text, starting: starting, at: time) }
        }
        #expect(await at(token.expires + .seconds(-1), true) == nil)
        #expect(await at(token.expires, true) == .tokenExpired)
        #expect(await at(token.expires + .seconds(12), false) == nil)
        #expect(await at(token.expires + .seconds(14), false) == .tokenExpired)
        #expect(await code { _ = try delivery.admit("x" + text.dropFirst(), starting: false) } == .forbidden)
        let again = delivery.link(to: try await asset.record, at: begun + .seconds(1))
        #expect(try self.token(again) == text, "the same link comes out, and caches")
    }

    @Test("the master lists what is whole, and nothing while nothing is")
    func master() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        try await asset.publish("360p", 0..<3)
        #expect(await code { _ = try await delivery.master(token) } == .notFound)
        try await asset.publish("audio", 0..<3)
        try await asset.publish("720p", 0..<2)
        let master = try await delivery.master(token)
        #expect(master.contains("360p/playlist.m3u8") && master.contains("audio/playlist.m3u8"))
        #expect(!master.contains("720p/playlist.m3u8"))
        #expect(try await delivery.listedRungs(of: try await asset.record).map(\.name) == ["360p"])
    }

    @Test("the playlist of a rung that is not complete is already complete, as VOD; of an unknown one there is none")
    func incomplete() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        for name in ["720p", "audio"] {
            let playlist = try await delivery.playlist(token, rendition: name)
            #expect(playlist.contains("#EXT-X-PLAYLIST-TYPE:VOD") && playlist.contains("#EXT-X-ENDLIST"))
            #expect(playlist.components(separatedBy: "#EXTINF").count == 4)
        }
        #expect(await code { _ = try await delivery.playlist(token, rendition: "1080p") } == .notFound)
        let unknown = StreamToken(asset: AssetID(rawValue: 1), version: 1, expires: .now, grace: .zero)
        #expect(await code { _ = try await delivery.playlist(unknown, rendition: "720p") } == .notFound)
        #expect(await code { _ = try await delivery.master(unknown) } == .notFound)
    }

    @Test("files are given by their own names alone, the poster when there is one")
    func files() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        let store = asset.fixture.store
        #expect(await code { _ = try delivery.posterPath(token) } == .notFound)
        _ = try await store.put(try AssetKeys.poster(asset.id, version: 1), bytes: [1])
        _ = try await store.put(try AssetKeys.original(asset.id, version: 1), bytes: [2])
        _ = try await store.put(try ObjectKey("assets/\(asset.id)/v1/720p/0.m4s"), bytes: [3])
        #expect(try delivery.posterPath(token).hasSuffix("/poster.jpg"))
        #expect(try delivery.path(of: "0.m4s", rendition: "720p", token).hasSuffix("/720p/0.m4s"))
        for (rendition, file) in [
            ("..", "original"), ("720p", "../original"), ("", "init.mp4"), (".", "0.m4s"),
            ("720p", "../720p/0.m4s"),
        ] {
            #expect(await code { _ = try delivery.path(of: file, rendition: rendition, token) } == .notFound)
        }
    }

    @Test("an MP4 is made once on request; when it cannot be made, whoever waits hears it, and may ask again")
    func mp4() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let queue = asset.fixture.queue
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        let ask: @Sendable () async throws -> String = {
            try await delivery.mp4Path(token, rendition: "360p", isWanted: { true })
        }
        #expect(await code { _ = try await ask() } == .notFound, "not complete")
        for name in ["360p", "audio"] { try await asset.publish(name, 0..<3) }
        async let first = code { _ = try await ask() }
        let claim = try await claimed(queue)
        let left = await code { _ = try await delivery.mp4Path(token, rendition: "360p", isWanted: { false }) }
        #expect(left == .unavailable)
        #expect(try await queue.claim(lane: .light, worker: "w") == nil, "one job for all who ask")
        try await queue.bury(claim.id, worker: "w", reason: "no luck")
        #expect(await first == .unavailable)
        async let third = ask()
        let again = try await claimed(queue)
        _ = try await asset.fixture.store.put(try AssetKeys.mp4(asset.id, version: 1, rendition: "360p"), bytes: [1])
        try await queue.finish(again.id, worker: "w")
        #expect(try await third.hasSuffix("/360p.mp4"))
    }

    @Test("whoever waits for an MP4 hears at once that its asset was deleted")
    func mp4OfDeleted() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let delivery = delivery(asset.fixture)
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        for name in ["360p", "audio"] { try await asset.publish(name, 0..<3) }
        async let waiting = code { _ = try await delivery.mp4Path(token, rendition: "360p", isWanted: { true }) }
        _ = try await claimed(asset.fixture.queue)
        try await asset.fixture.catalog.delete(asset.id, for: Fixture.owner)
        #expect(await waiting == .notFound)
    }

    private func claimed(_ queue: JobQueue) async throws -> JobQueue.Claim {
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            if let claim = try await queue.claim(lane: .light, worker: "w") { return claim }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ServiceError(.unavailable, "no job came")
    }
}
