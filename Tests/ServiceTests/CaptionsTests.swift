import Core
import Foundation
import SQL
import Testing

@testable import Media
@testable import Service

@Suite struct CaptionsTests {
    private static let file = Array("1\n00:00:01,000 --> 00:00:02,000\nHello\n".utf8)

    @Test("languages are written one way, and nonsense is none")
    func languages() throws {
        for (text, wanted) in [
            ("EN", "en"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("ger", "de"), ("eng-us", "en-US"),
            ("es-419", "es-419"), ("und", "und"), ("gsw", "gsw"),
        ] {
            #expect(try LanguageTag(text).text == wanted)
        }
        for text in ["", "e", "english", "en-", "en--US", "e1", "../x", "en-US-x-y-z-a", "de\"", "de\n", "ä1", "日本"] {
            #expect(throws: ServiceError.self) { try LanguageTag(text) }
        }
        #expect(try LanguageTag("de").name == "Deutsch")
        #expect(LanguageTag.of(stream: nil) == .unknown && LanguageTag.of(stream: "ger").text == "de")
        #expect(LanguageTag.of(stream: "<script>") == .unknown)
    }

    @Test("captions are set, replaced, listed and deleted by the owner alone, and go with the asset")
    func ownership() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let captions = Captions(catalog: asset.fixture.catalog)
        let german = try LanguageTag("de")
        let id = asset.id
        let set = { (file: [UInt8], owner: UserID) async in
            await code { _ = try await captions.set(file, language: german, of: id, for: owner) }
        }
        #expect(await set(Self.file, Fixture.stranger) == .forbidden)
        #expect(await set(Array("nothing".utf8), Fixture.owner) == .invalidRequest)
        #expect(await set(Self.file, Fixture.owner) == nil)
        #expect(await set(Self.file + Array("\n2\n00:03 --> 00:04\nb\n".utf8), Fixture.owner) == nil)
        let tracks = try await captions.tracks(of: id, version: 1)
        #expect(tracks.map(\.language) == [german] && tracks[0].cues == 2 && tracks[0].source == .upload)
        #expect(try await captions.text(german, of: id, version: 1)?.hasPrefix("WEBVTT\n\n00:00:01.000") == true)
        #expect(await code { try await captions.delete(german, of: id, for: Fixture.stranger) } == .forbidden)
        try await captions.delete(german, of: id, for: Fixture.owner)
        #expect(await code { try await captions.delete(german, of: id, for: Fixture.owner) } == .notFound)
        _ = try await captions.set(Self.file, language: german, of: id, for: Fixture.owner)
        try await asset.fixture.catalog.delete(id, for: Fixture.owner)
        #expect(try await captions.tracks(of: id, version: 1).isEmpty)
    }

    @Test("what was found in the file never takes the place of what was sent; what was sent takes the other's")
    func sources() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (id, captions) = (asset.id, Captions(catalog: asset.fixture.catalog))
        let english = try LanguageTag("en")
        let cues = { @Sendable (text: String) in try CaptionFile(Array("00:01 --> 00:02\n\(text)\n".utf8)).cues }
        let find = { (text: String) async throws in
            try await asset.fixture.database.write {
                try Captions.put(try cues(text), english, .file, of: id, 1, in: $0)
            }
        }
        try await find("first")
        try await find("second")
        #expect(try await captions.text(english, of: id, version: 1)?.contains("second") == true)
        _ = try await captions.set(Self.file, language: english, of: id, for: Fixture.owner)
        try await find("third")
        #expect(try await captions.text(english, of: id, version: 1)?.contains("Hello") == true)
        #expect(try await captions.tracks(of: id, version: 1).map(\.source) == [.upload])
    }

    @Test("another version begins without captions; links to the former keep them, restoring brings them back")
    func versions() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (id, captions, catalog) = (
            asset.id, Captions(catalog: asset.fixture.catalog), asset.fixture.catalog
        )
        let english = try LanguageTag("en")
        let set = { (text: String) async throws in
            let file = Array("00:01 --> 00:02\n\(text)\n".utf8)
            _ = try await captions.set(file, language: english, of: id, for: Fixture.owner)
        }
        func live() async throws -> Int { try await catalog.asset(id, for: Fixture.owner).version.number }
        try await set("first cut")
        // A new run of the first version (7), and a second one that goes live.
        try await asset.fixture.database.write { transaction in
            for (number, edition, hidden) in [(7, 1, 1), (2, 2, 0)] {
                try transaction.run(
                    """
                    INSERT INTO versions (asset_id, number, edition, hidden, status, progress, size, created_at)
                    VALUES (\(id), \(number), \(edition), \(hidden), 'queued', 0, 10, 1)
                    """
                )
            }
            try transaction.run("UPDATE versions SET status = 'ready' WHERE number IN (1, 2)")
        }
        #expect(try await live() == 2)
        #expect(try await captions.tracks(of: id, version: try await live()).isEmpty)
        try await set("second cut")
        #expect(try await captions.text(english, of: id, version: 2)?.contains("second cut") == true)
        for former in [1, 7] {
            #expect(try await captions.text(english, of: id, version: former)?.contains("first cut") == true)
        }
        _ = try await catalog.restore(version: 1, of: id, for: Fixture.owner)
        try await captions.delete(english, of: id, for: Fixture.owner)
        #expect(try await captions.tracks(of: id, version: 1).isEmpty)
        #expect(try await captions.tracks(of: id, version: 2).count == 1)
    }

    @Test("the master lists captions; their playlist and file are there for the languages that are")
    func delivered() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let catalog = asset.fixture.catalog
        let delivery = Delivery(
            database: asset.fixture.database,
            catalog: catalog,
            store: asset.fixture.store,
            keys: StreamKeys(secrets: [noise(32)])
        )
        for name in ["360p", "audio"] { try await asset.publish(name, 0..<3) }
        let token = StreamToken(asset: asset.id, version: 1, expires: .now, grace: .zero)
        #expect(try await !delivery.master(token).contains("SUBTITLES"))
        _ = try await Captions(catalog: catalog).set(
            Self.file,
            language: try LanguageTag("pt-BR"),
            of: asset.id,
            for: Fixture.owner
        )
        let master = try await delivery.master(token)
        #expect(master.contains("LANGUAGE=\"pt-BR\"") && master.contains("URI=\"captions/pt-BR.m3u8\""))
        #expect(try await delivery.captionPlaylist("pt-BR", token).contains("#EXTINF:6.000000,\npt-BR.vtt"))
        #expect(try await delivery.captions("pt-BR", token).contains("X-TIMESTAMP-MAP"))
        for language in ["de", "", "../x", "pt-BR/x"] {
            #expect(await code { _ = try await delivery.captionPlaylist(language, token) } == .notFound)
            #expect(await code { _ = try await delivery.captions(language, token) } == .notFound)
        }
        for name in ["0-0-1.m4s", "x", "-1-0-1.m4s", "0-0-99999999999999999999.m4s", "../1-0-1.m4s"] {
            #expect(await code { _ = try await delivery.keyFrame(name, rendition: "360p", token) } == .notFound)
        }
    }

    @Test("facts of a version are kept beside each other, and read as what they are")
    func details() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let id = asset.id
        let board = Storyboard(duration: .seconds(6), size: (1280, 720))
        let loudness = Loudness(integrated: -23.1, range: 4, truePeak: -1)
        let chapters = [Chapter(start: 0, end: 3_000_000, title: "One")]
        for (name, value) in [
            ("storyboard", try JSONValue(encoding: board)), ("loudness", try JSONValue(encoding: loudness)),
            ("chapters", try JSONValue(encoding: chapters)), ("preview", true),
        ] {
            try await asset.fixture.database.write { try VersionDetails.add([name: value], to: id, 1, in: $0) }
        }
        let version = try await asset.record.version
        #expect(
            version.storyboard == board && version.loudness == MediaLoudness(integrated: -23.1, range: 4, truePeak: -1)
        )
        #expect(version.chapters == chapters && version.hasPreview)
    }

    @Test("clips are made of what is there, by its owner, and not without bound")
    func clips() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let clips = Clips(catalog: asset.fixture.catalog)
        let make = { (start: Double, end: Double, owner: UserID) async throws in
            try await clips.make(of: asset.id, for: owner, start: start, end: end, title: nil)
        }
        for (start, end) in [(-1, 2), (2, 2), (3, 1), (6, 7), (0, 60), (.nan, 1), (0, .infinity), (1, 1.01)]
            as [(Double, Double)]
        {
            #expect(await code { _ = try await make(start, end, Fixture.owner) } == .invalidRequest, "\(start) \(end)")
        }
        #expect(await code { _ = try await make(1, 2, Fixture.stranger) } == .forbidden)
        let clip = try await make(4.5, 6.8, Fixture.owner)
        #expect(clip.end == .seconds(6) && clip.title == "A clip (0:04–0:06)")
        let made = try await asset.fixture.catalog.asset(clip.asset, for: Fixture.owner)
        #expect(made.version.status == .queued && made.metadata["clip"]?["of"] == .string("asset_4711"))
        for _ in 1..<Clips.maximumUnderWay { _ = try await make(0, 1, Fixture.owner) }
        #expect(await code { _ = try await make(0, 1, Fixture.owner) } == .tooManyRequests)
    }
}
