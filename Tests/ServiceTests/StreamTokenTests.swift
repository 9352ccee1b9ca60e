import Core
import Testing

@testable import Service

@Suite struct StreamTokenTests {
    private let token = StreamToken(
        asset: AssetID(rawValue: 7_331_000_111_222_333),
        version: 3,
        expires: Timestamp(seconds: 1_800_000_000),
        grace: .seconds(7200)
    )

    @Test("a signed link comes back as it was, and no changed one does")
    func signature() {
        let keys = StreamKeys(secrets: [Array("one secret of many bytes".utf8)])
        let text = keys.sign(token)
        #expect(keys.verify(text) == token)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(keys.verify(changed) == nil, "\(changed)")
        }
        #expect(keys.verify("") == nil)
        #expect(keys.verify(text + "A") == nil)
    }

    @Test("after a rotation old links still work, and without their key they do not")
    func rotation() {
        let old = StreamKeys(secrets: [Array("the old secret".utf8)])
        let both = StreamKeys(secrets: [Array("the new secret".utf8), Array("the old secret".utf8)])
        let new = StreamKeys(secrets: [Array("the new secret".utf8)])
        #expect(both.verify(old.sign(token)) == token)
        #expect(new.verify(old.sign(token)) == nil)
        #expect(new.verify(both.sign(token)) == token)
    }

    @Test("a link to an upload comes back as it was, and is none to an asset")
    func early() throws {
        let keys = StreamKeys(secrets: [Array("one secret of many bytes".utf8)])
        let early = EarlyToken(
            upload: UploadID(random: (1...16).map { $0 }),
            expires: Timestamp(seconds: 1_800_000_000),
            grace: .seconds(7200)
        )
        let text = keys.sign(early)
        #expect(keys.verifyEarly(text) == early)
        #expect(keys.verify(text) == nil)
        #expect(keys.verifyEarly(keys.sign(token)) == nil)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(keys.verifyEarly(changed) == nil, "\(changed)")
        }
        #expect(StreamKeys(secrets: [Array("another secret".utf8)]).verifyEarly(text) == nil)
    }
}
