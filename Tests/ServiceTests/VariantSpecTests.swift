import Core
import Media
import Testing

@testable import Service

@Suite("Signed picture links") struct VariantSpecTests {
    private func spec(_ parameters: [String: String]) throws -> VariantSpec {
        try VariantSpec(version: 2, lifetime: 3600) { parameters[$0] }
    }

    @Test("a spec is read as it was written")
    func roundTrip() throws {
        for parameters in [
            ["width": "400"], ["height": "9", "quality": "30", "expiresIn": "never"],
            ["width": "1", "height": "2560", "fit": "cover", "format": "png"], ["width": "7", "format": "webp"],
        ] {
            let spec = try spec(parameters)
            #expect(VariantSpec(parsing: spec.text) == spec)
        }
        #expect(try spec(["width": "400", "expiresIn": "never"]).text == "v2-w400-contain-q80-auto")
    }

    @Test(
        "another way to write the same is not read",
        arguments: [
            "", "v1", "w400-contain-q80-auto", "v1-w0400-contain-q80-auto", "v1-w+4-contain-q80-auto",
            "v1-w400-contain-q80-auto-", "v1-w400-contain-q80-auto-e", "v1-w400-contain-q81-auto",
            "v1-w9999-contain-q80-auto", "v1-contain-q80-auto", "v1-w4-cover-q80-auto", "v1-w4-contain-q80-bmp",
            "v1-h4-w4-contain-q80-auto", "v1-w4-contain-q80-auto-x",
        ]
    )
    func canonical(_ text: String) {
        #expect(VariantSpec(parsing: text) == nil)
    }

    @Test("a signature holds for its own text under any key that is still accepted")
    func signatures() {
        let old = StreamKeys(secrets: [[1, 2, 3]])
        let new = StreamKeys(secrets: [[4, 5, 6], [1, 2, 3]])
        let signature = old.signature(of: "v1-w4-contain-q80-auto/asset_1")
        #expect(new.isSignature(signature, of: "v1-w4-contain-q80-auto/asset_1"))
        #expect(!new.isSignature(signature, of: "v1-w5-contain-q80-auto/asset_1"))
        #expect(!StreamKeys(secrets: [[4, 5, 6]]).isSignature(signature, of: "v1-w4-contain-q80-auto/asset_1"))
        #expect(!new.isSignature("", of: "") && !new.isSignature("AAAA", of: "v1-w4-contain-q80-auto/asset_1"))
    }

    @Test("who accepts WebP gets it, and only where the link leaves it open")
    func formats() throws {
        #expect(try spec(["width": "4"]).variant(acceptsWebP: true).format == .webp)
        #expect(try spec(["width": "4"]).variant(acceptsWebP: false).format == .jpeg)
        #expect(try spec(["width": "4", "format": "png"]).variant(acceptsWebP: true).format == .png)
    }
}
