import Core
import SQL
import Testing

@testable import Service

/// Assets without files, as many as a test needs.
struct Shelf: Sendable {
    let fixture: Fixture
    var catalog: Catalog { Catalog(database: fixture.database, trashPeriod: .seconds(86_400)) }

    init() async throws { fixture = try await Fixture() }

    @discardableResult
    func add(
        _ id: Int64,
        _ title: String,
        tags: [String] = [],
        description: String = "",
        file: String = "clip.mp4",
        kind: String = "video",
        status: String = "ready",
        owner: UserID = Fixture.owner
    ) async throws -> AssetID {
        let id = AssetID(rawValue: id)
        try await fixture.database.write { transaction in
            try transaction.run(
                """
                INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                    created_at, updated_at)
                VALUES (\(id), \(owner), \(kind), \(title), \(description), \(file), 'video/mp4', '{}', 1, \(id), \(id))
                """
            )
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, status, progress, size, created_at)
                VALUES (\(id), 1, 'queued', 0, 1000, 1)
                """
            )
            try transaction.run("UPDATE versions SET status = \(status) WHERE asset_id = \(id)")
            try SearchIndex.refresh(id, in: transaction)
        }
        if !tags.isEmpty {
            var changes = AssetChanges()
            changes.tags = tags
            _ = try await catalog.change(id, changes, for: owner)
        }
        return id
    }

    func titles(limit: Int = 10, _ ask: (inout AssetQuestion) -> Void = { _ in }) async throws -> [String] {
        var question = AssetQuestion()
        ask(&question)
        return try await catalog.list(question, of: Fixture.owner, limit: limit).assets.map(\.title)
    }

    func found(_ words: String) async throws -> [String] { try await titles { $0.search = words } }

    func total(_ ask: (inout AssetQuestion) -> Void = { _ in }) async throws -> Int {
        var question = AssetQuestion()
        ask(&question)
        return try await catalog.list(question, of: Fixture.owner, limit: 1).total
    }
}

@Suite struct ListTests {
    @Test("a list goes on where it ended, in every order, whatever was added meanwhile")
    func cursors() async throws {
        let shelf = try await Shelf()
        for number in 1...25 { try await shelf.add(Int64(number), "Film \(number % 5)") }
        for sort in AssetQuestion.Sort.allCases {
            var question = AssetQuestion()
            question.sort = sort
            let all = try await shelf.catalog.list(question, of: Fixture.owner, limit: 100).assets.map(\.id)
            #expect(all.count == 25)
            var walked: [AssetID] = []
            var cursor: String?
            repeat {
                let part = try await shelf.catalog.list(question, of: Fixture.owner, limit: 7, cursor: cursor)
                #expect(part.total == 25)
                walked += part.assets.map(\.id)
                cursor = part.next
            } while cursor != nil
            #expect(walked == all, "\(sort)")
        }
        var question = AssetQuestion()
        let first = try await shelf.catalog.list(question, of: Fixture.owner, limit: 5)
        try await shelf.add(100, "New")
        let second = try await shelf.catalog.list(question, of: Fixture.owner, limit: 5, cursor: first.next)
        #expect(second.assets.map(\.id.rawValue) == [20, 19, 18, 17, 16])
        question.sort = .title
        let foreign = first.next
        #expect(
            await code { _ = try await shelf.catalog.list(question, of: Fixture.owner, limit: 5, cursor: foreign) }
                == .invalidRequest
        )
    }

    @Test("totals are right for every filter, whatever changed the assets")
    func totals() async throws {
        let shelf = try await Shelf()
        try await shelf.add(1, "One", tags: ["Red", "Blue"])
        try await shelf.add(2, "Two", tags: ["red"], kind: "audio")
        try await shelf.add(3, "Three", status: "processing")
        try await shelf.add(4, "Four", status: "failed")
        try await shelf.add(5, "Theirs", tags: ["red"], owner: Fixture.stranger)
        #expect(try await shelf.total() == 4)
        #expect(try await shelf.total { $0.state = "ready" } == 2)
        #expect(try await shelf.titles { $0.state = "processing" } == ["Three"])
        #expect(try await shelf.titles { $0.tag = "RED" } == ["Two", "One"])
        #expect(try await shelf.total { ($0.tag, $0.kind) = ("red", "audio") } == 1)
        #expect(try await shelf.titles { ($0.tag, $0.sort) = ("red", .title) } == ["One", "Two"])
        #expect(try await shelf.total { $0.tag = " " } == 0, "no tag of anything")
        #expect(
            try await shelf.catalog.tags(of: Fixture.owner).map { "\($0.label) \($0.count)" } == ["red 2", "Blue 1"]
        )
        try await shelf.fixture.database.write { transaction in
            try transaction.run("UPDATE versions SET status = 'ready' WHERE asset_id = 3")
            try transaction.run("UPDATE assets SET kind = 'audio' WHERE id = 1")
        }
        #expect(try await shelf.total { $0.state = "ready" } == 3)
        #expect(try await shelf.total { ($0.tag, $0.kind) = ("red", "audio") } == 2)
        try await shelf.catalog.delete(AssetID(rawValue: 2), for: Fixture.owner)
        #expect(try await shelf.total { $0.tag = "red" } == 1)
        #expect(try await shelf.total() == 3)
        try await shelf.catalog.delete(AssetID(rawValue: 1), for: Fixture.owner, forGood: true)
        #expect(try await shelf.total() == 2)
        #expect(try await shelf.catalog.tags(of: Fixture.owner).isEmpty)
        _ = try await shelf.catalog.restore(AssetID(rawValue: 2), for: Fixture.owner)
        #expect(try await shelf.total { $0.tag = "red" } == 1)
        let wrong = try await shelf.fixture.database.read { connection in
            try connection.all("SELECT n FROM asset_counts WHERE n < 0")
        }
        #expect(wrong.isEmpty)
    }

    @Test("details are changed as asked, and only those; what is wrong is named")
    func changes() async throws {
        let shelf = try await Shelf()
        let id = try await shelf.add(1, "Old", tags: ["a"], description: "Words")
        var changes = AssetChanges()
        changes.title = "New"
        changes.metadata = ["scene": 3]
        let asset = try await shelf.catalog.change(id, changes, for: Fixture.owner)
        #expect(asset.title == "New" && asset.description == "Words" && asset.tags == ["a"])
        #expect(asset.metadata["scene"] == 3)
        #expect(try await shelf.found("new") == ["New"])
        #expect(try await shelf.found("old").isEmpty)
        let wrong: [(String, (inout AssetChanges) -> Void)] = [
            ("title", { $0.title = " " }), ("title", { $0.title = String(repeating: "x", count: 1001) }),
            ("tags", { $0.tags = [""] }), ("tags", { $0.tags = [String(repeating: "x", count: 65)] }),
            ("tags", { $0.tags = (0...50).map { "t\($0)" } }),
            ("description", { $0.description = String(repeating: "x", count: 65_537) }),
        ]
        for (field, spoil) in wrong {
            var changes = AssetChanges()
            spoil(&changes)
            do {
                _ = try await shelf.catalog.change(id, changes, for: Fixture.owner)
                Issue.record("\(field) was taken")
            } catch let error as ServiceError {
                #expect(error.field == field)
            }
        }
        #expect(await code { _ = try await shelf.catalog.change(id, changes, for: Fixture.stranger) } == .forbidden)
    }

    @Test("many are tagged and deleted at once; those of others are refused and keep nobody from it")
    func bulk() async throws {
        let shelf = try await Shelf()
        let mine = [try await shelf.add(1, "One", tags: ["Old"]), try await shelf.add(2, "Two")]
        let theirs = try await shelf.add(3, "Three", owner: Fixture.stranger)
        let missing = AssetID(rawValue: 99)
        let tagged = try await shelf.catalog.bulk(
            .tag(["New", "old"]),
            on: mine + [theirs, missing],
            for: Fixture.owner
        )
        #expect(tagged.done == mine && tagged.refused.map(\.id) == [theirs, missing])
        #expect(try await shelf.titles { $0.tag = "old" } == ["Two", "One"])
        _ = try await shelf.catalog.bulk(.untag(["OLD"]), on: mine, for: Fixture.owner)
        #expect(try await shelf.total { $0.tag = "old" } == 0)
        #expect(try await shelf.total { $0.tag = "new" } == 2)
        _ = try await shelf.catalog.bulk(.delete(forGood: false), on: mine, for: Fixture.owner)
        #expect(try await shelf.total() == 0)
        #expect(try await shelf.catalog.bulk(.restore, on: mine, for: Fixture.owner).done == mine)
        #expect(try await shelf.total { $0.tag = "new" } == 2)
        #expect(try await shelf.found("two") == ["Two"])
    }
}
