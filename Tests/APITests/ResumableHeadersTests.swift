import HTTP
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
