import Core
import SQL
import Testing

@testable import Service

@Suite struct SearchTests {
    @Test("titles come before tags, tags before file names, file names before descriptions; whole words before parts")
    func ranking() async throws {
        let shelf = try await Shelf()
        try await shelf.add(9, "Night", description: "The harbour at dusk")
        try await shelf.add(8, "Dawn", file: "harbour.mov")
        try await shelf.add(7, "Noon", tags: ["Harbour"])
        try await shelf.add(6, "Harbours of Norway")
        try await shelf.add(5, "The harbour")
        try await shelf.add(4, "Elsewhere")
        #expect(try await shelf.found("harbour") == ["The harbour", "Noon", "Dawn", "Night", "Harbours of Norway"])
        #expect(try await shelf.found("harb nor") == ["Harbours of Norway"])
        #expect(try await shelf.found("noon harbour") == ["Noon"], "words may stand in different places")
        #expect(try await shelf.found("harbour mountain").isEmpty)
    }

    @Test(
        "case, accents and widths make no difference",
        arguments: [
            ("Café à Orléans", "cafe orleans"), ("Cafe a Orleans", "CAFÉ"), ("Łódź und Straße", "lodz strasse"),
            ("Ægir på Ærø", "aero"), ("Ёлка", "елка"), ("ＦＵＬＬ ｗｉｄｔｈ", "full"), ("Ἀθῆναι", "αθηναι"),
            ("Smørrebrød", "smorre"), ("İstanbul", "istanbul"), ("ﬁlm", "film"), ("cafe\u{301}", "café"),
        ]
    )
    func folding(_ title: String, _ words: String) async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, title)
        #expect(try await shelf.found(words) == [title])
    }

    @Test(
        "scripts without spaces are found by what stands in the middle, and by nothing else",
        arguments: [
            ("東京都の夜景", "夜景", true), ("東京都の夜景", "京都", true), ("東京都の夜景", "都", true),
            ("東京都の夜景", "東京の", false), ("東と京", "東京", false), ("カメラ", "メラ", true), ("ガメラ", "カメラ", false),
            ("我的第一部电影 final", "电影", true), ("我的第一部电影 final", "电影 final", true),
            ("서울시청 앞", "시청", true), ("ภาพยนตร์ไทย", "ไทย", true), ("ภาพยนตร์ไทย", "ลาว", false),
            ("हिन्दी फ़िल्म", "हिन्दी", true),
        ]
    )
    func unspaced(_ title: String, _ words: String, _ isFound: Bool) async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, title)
        #expect(try await shelf.found(words) == (isFound ? [title] : []))
    }

    @Test(
        "quotes and operators are spaces between words",
        arguments: [
            "\"", "'", "*", "a\" OR \"b", "title:clip", "NEAR(a b)", "a AND NOT b", "^clip", "-clip", "clip*", "(clip",
            "{title} : clip", "clip\u{0}", "%", "; DROP TABLE assets; --", "\u{301}", "🎬", "U1", "facets : u1", "+",
            "|",
            ":*", "\\", String(repeating: "\"a\" ", count: 5000),
        ]
    )
    func hostile(_ words: String) async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, "A clip")
        try await shelf.add(2, "B", owner: Fixture.stranger)
        let found = try await shelf.found(words)
        #expect(found.isEmpty || found == ["A clip"])
    }

    @Test("a search finds only one's own, only what is not in the trash, and obeys the filters")
    func narrowed() async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, "Clip one", tags: ["red"])
        try await shelf.add(2, "Clip two", kind: "audio")
        try await shelf.add(3, "Clip three", status: "failed")
        try await shelf.add(4, "Clip four", owner: Fixture.stranger)
        let deleted = try await shelf.add(5, "Clip five")
        try await shelf.catalog.delete(deleted, for: Fixture.owner)
        #expect(try await shelf.found("clip") == ["Clip three", "Clip two", "Clip one"])
        #expect(try await shelf.titles { ($0.search, $0.tag) = ("clip", "RED") } == ["Clip one"])
        #expect(try await shelf.titles { ($0.search, $0.kind) = ("clip", "audio") } == ["Clip two"])
        #expect(try await shelf.titles { ($0.search, $0.state) = ("clip", "failed") } == ["Clip three"])
        let sorted = try await shelf.titles { ($0.search, $0.sort) = ("clip", .title) }
        #expect(sorted == ["Clip one", "Clip three", "Clip two"])
        _ = try await shelf.catalog.restore(deleted, for: Fixture.owner)
        #expect(try await shelf.found("five") == ["Clip five"])
    }

    @Test("a word that very many have costs and counts a thousand; the best of all are among them")
    func bounded() async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, "Common")
        try await shelf.fixture.database.write { transaction in
            for number in 2...1600 {
                try transaction.run(
                    """
                    INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                        created_at, updated_at)
                    VALUES (\(number), \(Fixture.owner), 'video', 'Film', 'common', 'x.mp4', 'video/mp4', '{}', 1, 1, 1)
                    """
                )
                try transaction.run(
                    """
                    INSERT INTO versions (asset_id, number, status, progress, size, created_at)
                    VALUES (\(number), 1, 'ready', 100, 1, 1)
                    """
                )
            }
        }
        while try await shelf.catalog.indexSome() > 0 {}
        var question = AssetQuestion()
        question.search = "common"
        let listing = try await shelf.catalog.list(question, of: Fixture.owner, page: 1, limit: 3)
        #expect(listing.total == 1000 && !listing.isTotalExact)
        #expect(listing.assets.map(\.id.rawValue) == [1, 1600, 1599])
        let last = try await shelf.catalog.list(question, of: Fixture.owner, page: 334, limit: 3)
        #expect(last.assets.count == 1)
        #expect(try await shelf.catalog.list(question, of: Fixture.owner, page: 335, limit: 3).assets.isEmpty)
    }

    @Test("words that something else has written into an asset are found too")
    func reworded() async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, "Before")
        try await shelf.fixture.database.write { try $0.run("UPDATE assets SET title = 'After' WHERE id = 1") }
        #expect(try await shelf.catalog.indexSome() == 1)
        #expect(try await shelf.catalog.indexSome() == 0)
        #expect(try await shelf.found("after") == ["After"])
        #expect(try await shelf.found("before").isEmpty)
    }
}
