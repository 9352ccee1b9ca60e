import Core
import ObjectStorage
import Testing

@Suite struct ObjectKeyTests {
    @Test(
        "a key of plain segments is read as it stands",
        arguments: ["a", "assets/12/v1/original", "A-z_0.9/x..y", String(repeating: "a", count: 255)]
    )
    func good(text: String) throws {
        #expect(try ObjectKey(text).rawValue == text)
    }

    @Test(
        "a text that could leave the root, hide or need escaping is no key",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/..", "./a", ".tmp/a", "a/.hidden", "a b",
            "a\\b",
            "a\0b", "a\nb", "ä", "a%2e", "a:b", "~", "*", "e\u{301}", String(repeating: "a", count: 256),
            String(repeating: "abc/", count: 150) + "a", String(repeating: "a/", count: 32) + "a",
        ]
    )
    func bad(text: String) {
        #expect(throws: ServiceError.self) { try ObjectKey(text) }
    }

    @Test("keys are in the order of their bytes")
    func order() throws {
        let keys = try ["B", "a/b", "a-b", "a.b", "a0", "a"].map { text throws in try ObjectKey(text) }
        #expect(keys.sorted().map(\.rawValue) == ["B", "a", "a-b", "a.b", "a/b", "a0"])
    }
}
