import Core
import Testing

@Suite struct TimestampTests {
    @Test(
        "a moment is written as the calendar says",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_692_007_200_123_456, "2023-08-14T10:00:00.123Z", "Mon, 14 Aug 2023 10:00:00 GMT"),
            (-1_000_000, "1969-12-31T23:59:59.000Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
        ]
    )
    func written(microseconds: Int64, iso: String, http: String) {
        let time = Timestamp(microseconds: microseconds)
        #expect(time.iso8601WithMilliseconds == iso)
        #expect(time.httpDate == http)
    }
}

@Suite struct IdentifierTests {
    @Test("both public forms name the same asset, and nothing else is one")
    func assetForms() {
        #expect(AssetID(parsing: "asset_12345") == AssetID(parsing: "12345"))
        for wrong in ["", "asset_", "0", "-1", "asset_1x", "9007199254740992", "１２"] {
            #expect(AssetID(parsing: wrong) == nil, "\(wrong)")
        }
    }

    @Test("an asset made later has a greater id that JavaScript holds exactly")
    func timeOrder() {
        let early = AssetID.make(at: Timestamp(seconds: 1_790_000_000), random: 0xFFFF)
        let late = AssetID.make(at: Timestamp(microseconds: 1_790_000_000_001_000), random: 0)
        #expect(early < late)
        #expect(late.rawValue < 1 << 53)
    }

    @Test("an upload's id is a UUID and nothing that could leave its folder")
    func uploadID() throws {
        let id = UploadID(random: Array(0..<16))
        #expect(id.rawValue == "00010203-0405-4607-8809-0a0b0c0d0e0f")
        #expect(UploadID(parsing: id.rawValue.uppercased()) == id)
        #expect(UploadID(parsing: "../../../../../../../../../etc/passwd") == nil)
    }
}
