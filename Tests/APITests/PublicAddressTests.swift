import HTTP
import Testing

@testable import API

@Suite struct PublicAddressTests {
    @Test(
        "a host name with an optional port is the base of links",
        arguments: ["localhost", "example.com:3000", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443", "a_b-c.test"]
    )
    func valid(_ host: String) throws {
        let base = try PublicAddress(configured: nil).base(for: .testing(headers: ["Host": host]))
        #expect(base == "http://\(host)")
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "a b", "a/b", "user@host", ":3000", "a:", "a:0", "a:65536", "a:1:2", "a:+1", "[::1", "[]", "[x::1]",
            "[::1]x", "[::1]:", "a\"b", "ä.test", "::1",
        ]
    )
    func invalid(_ host: String) {
        #expect(throws: (any Error).self) {
            try PublicAddress(configured: nil).base(for: .testing(headers: ["Host": host]))
        }
    }

    @Test("PUBLIC_URL rules, whatever the request says")
    func configured() throws {
        let address = PublicAddress(configured: "https://media.example.com/")
        #expect(try address.base(for: .testing(headers: ["Host": "evil.test"])) == "https://media.example.com")
    }

    @Test("a trusted proxy says what the client asked for; nobody else does")
    func forwarded() throws {
        let headers: Headers = ["Host": "inner:3000", "Forwarded": "for=192.0.2.1;proto=https;host=media.example"]
        let believing = PublicAddress(configured: nil, trustedProxies: [try #require(AddressRange("127.0.0.0/8"))])
        let request = Request.testing(headers: headers)
        #expect(try believing.base(for: request) == "https://media.example")
        #expect(believing.location("/a", for: request) == "https://media.example/a")
        let doubting = PublicAddress(configured: nil)
        #expect(try doubting.base(for: request) == "http://inner:3000")
        #expect(doubting.location("/a", for: request) == "/a")
    }
}
