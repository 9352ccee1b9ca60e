import Crypto
import HTTP
import Service
import Testing

@testable import API

@Suite struct ResumableHeadersTests {
    @Test(
        "a boolean is read with its parameters, and nothing else is one",
        arguments: [
            ("?1", true), ("?0", false), (" ?1 ", true), ("?1;a=b", true), ("?1 ;a", nil), ("1", nil), ("true", nil),
            ("?2", nil), ("", nil), ("?1, ?1", nil),
        ] as [(String, Bool?)]
    )
    func boolean(_ text: String, _ value: Bool?) {
        #expect(StructuredField.boolean(["Upload-Complete": text], "Upload-Complete") == value)
    }

    @Test(
        "an integer has 1 to 15 digits",
        arguments: [
            ("0", 0), ("999999999999999", 999_999_999_999_999), ("12;a=b", 12), ("1000000000000000", nil), ("-1", nil),
            ("1.0", nil), ("\"1\"", nil), ("", nil), ("1 2", nil),
        ] as [(String, Int64?)]
    )
    func integer(_ text: String, _ value: Int64?) {
        #expect(StructuredField.integer(["Upload-Offset": text], "Upload-Offset") == value)
    }

    @Test("a field that comes twice counts as absent")
    func twice() {
        var headers = Headers()
        headers.add("Upload-Offset", "5")
        headers.add("Upload-Offset", "5")
        #expect(StructuredField.integer(headers, "Upload-Offset") == nil)
    }

    @Test("byte sequences are read from a dictionary")
    func bytes() {
        let found = StructuredField.bytes(["Repr-Digest": "sha-256=:AAA=:;q=1, x=1, md5 = :BBBB:"], "Repr-Digest")
        #expect(found["sha-256"] == "AAA=")
        #expect(found["md5"] == "BBBB")
        #expect(found["x"] == nil)
    }

    @Test(
        "of a digest field every known algorithm counts, and none that is not known",
        arguments: [
            ("sha-256=:\(a256):", [.sha256]), ("sha-512=:\(a512):", [.sha512]),
            ("sha-512=:\(a512):, unixsum=:AAA=:, sha-256=:\(a256):", [.sha256, .sha512]),
            ("md5=:\(Base64.encode([UInt8](repeating: 2, count: 16))):, sha-256=:\(a256):", [.md5, .sha256]),
        ] as [(String, Set<PieceChecksum.Algorithm>)]
    )
    func digests(_ text: String, _ algorithms: Set<PieceChecksum.Algorithm>) throws {
        let request = Request.testing(.post, "/", headers: ["Content-Digest": text, "Repr-Digest": text])
        #expect(try StatedDigests.content(request)?.algorithms == algorithms)
        let whole = try #require(try StatedDigests.whole(request))
        #expect((whole.sha256 != nil) == algorithms.contains(.sha256))
        #expect((whole.sha512 != nil) == algorithms.contains(.sha512))
        #expect(StatedDigests.field(whole)?.contains("sha-512=:\(Self.a512):") == algorithms.contains(.sha512))
    }

    private static let a256 = Base64.encode([UInt8](repeating: 1, count: 32))
    private static let a512 = Base64.encode([UInt8](repeating: 3, count: 64))

    @Test(
        "a digest that cannot be verified is refused, also beside one that can",
        arguments: ["unixsum=:AAA=:", "sha-512=:AAA=:", "sha-256=:\(a256):, sha-512=:\(a256):", "sha-256"]
    )
    func unusable(_ text: String) {
        let request = Request.testing(.post, "/", headers: ["Content-Digest": text, "Repr-Digest": text])
        #expect(throws: StatedDigests.Unusable.self) { try StatedDigests.content(request) }
        #expect(throws: StatedDigests.Unusable.self) { try StatedDigests.whole(request) }
    }

    @Test(
        "a version decides the words, and whether 104 may be sent",
        arguments: [
            ("3", true, true), ("4", true, false), ("10", true, false), ("2", false, false), ("x", false, false),
        ]
    )
    func version(_ text: String, _ takesInterim: Bool, _ isInverted: Bool) {
        let interop = Interop(.testing(.post, "/", headers: ["Upload-Draft-Interop-Version": text]))
        #expect(interop.takesInterim == takesInterim)
        #expect(interop.isInverted == isInverted)
        var headers = Headers()
        interop.say(complete: false, in: &headers)
        #expect(headers["Upload-Complete"] == (isInverted ? nil : "?0"))
        #expect(headers["Upload-Incomplete"] == (isInverted ? "?1" : nil))
        #expect(interop.completeness(headers) == false)
    }
}
