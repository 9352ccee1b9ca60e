import Crypto
import Testing

@Suite struct HashTests {
    private static let twoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

    @Test(
        "SHA-256, SHA-1 and MD5 give the published values",
        arguments: [
            // FIPS 180-4 examples and RFC 1321 A.5.
            (
                "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e"
            ),
            (
                "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "a9993e364706816aba3e25717850c26c9cd0d89d", "900150983cd24fb0d6963f7d28e17f72"
            ),
            (
                twoBlocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1", "8215ef0796a20bcaaae116d3876c664a"
            ),
        ]
    )
    func published(text: String, sha256: String, sha1: String, md5: String) {
        #expect(Hex.encode(SHA256.hash(Array(text.utf8))) == sha256)
        #expect(Hex.encode(SHA1.hash(Array(text.utf8))) == sha1)
        #expect(Hex.encode(MD5.hash(Array(text.utf8))) == md5)
    }

    @Test("a million letters hash to the published value, in pieces of any size")
    func pieces() {
        let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let hash = SHA256()
        var start = 0
        var size = 1
        while start < letters.count {
            let end = min(start + size, letters.count)
            letters[start..<end].withUnsafeBytes { hash.update($0) }
            start = end
            size = size % 9973 + 211
        }
        hash.update([])
        #expect(
            Hex.encode(hash.finalize()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    @Test(
        "HMAC-SHA-256 gives the values of RFC 4231",
        arguments: [
            (
                String(repeating: "0b", count: 20), Hex.encode("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Hex.encode("Jefe".utf8), Hex.encode("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                String(repeating: "aa", count: 131),
                Hex.encode("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
    )
    func hmac(key: String, message: String, code: String) throws {
        let key = try #require(Hex.decode(key))
        let message = try #require(Hex.decode(message))
        #expect(Hex.encode(HMAC.sha256(key: key, message: message)) == code)
    }

    @Test("an HMAC with an empty key and message is defined")
    func emptyHMAC() {
        #expect(
            Hex.encode(HMAC.sha256(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        )
    }

    @Test("equality is equality, whatever its timing")
    func constantTime() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
    }

    @Test("random bytes have the length asked for and do not repeat")
    func random() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(33).count == 33)
        #expect(Set((0..<100).map { _ in SecureRandom.bytes(16) }).count == 100)
    }
}

@Suite struct EncodingTests {
    @Test("hexadecimal text is read in either case and nothing else is")
    func hex() {
        #expect(Hex.encode([0, 127, 255]) == "007fff")
        #expect(Hex.decode("007fFF") == [0, 127, 255])
        for wrong in ["0", "0g", " 00", "0x00", "００"] { #expect(Hex.decode(wrong) == nil, "\(wrong)") }
    }

    @Test(
        "base 64 gives the values of RFC 4648 and reads them back",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(bytes: String, text: String) {
        let bytes = Array(bytes.utf8)
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
        let bare = String(text.prefix { $0 != "=" })
        #expect(Base64.encodeURLSafe(bytes) == bare)
        #expect(Base64.decodeURLSafe(bare) == bytes)
    }

    @Test("the two alphabets are not mixed")
    func alphabets() {
        #expect(Base64.encode([251, 255]) == "+/8=")
        #expect(Base64.encodeURLSafe([251, 255]) == "-_8")
        #expect(Base64.decode("-_8=") == nil)
        #expect(Base64.decodeURLSafe("+/8") == nil)
    }

    @Test(
        "a text that is not the canonical one is refused",
        arguments: ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==\n", " Zg==", "Zg==Zg==", "Zm9v=", "Zé9v"]
    )
    func strict(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "a URL-safe text with padding, stray bits or a single last letter is refused",
        arguments: ["Zg==", "Zh", "Zm9", "Z", "Zm9vY", "Zm 9"]
    )
    func strictURLSafe(text: String) {
        #expect(Base64.decodeURLSafe(text) == nil)
    }
}
