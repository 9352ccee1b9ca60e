import HTTP
import Testing

@testable import API

@Suite struct AddressTests {
    @Test(
        "an address is believed as far as trusted proxies vouch for it",
        arguments: [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"), ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"), ("10.0.0.1", "x, y", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"), ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"), ("10.0.0.1", "", "10.0.0.1"),
        ]
    )
    func clientAddress(_ peer: String, _ forwarded: String, _ expected: String) throws {
        let address = ClientAddress(trustedProxies: [try #require(AddressRange("10.0.0.0/8"))])
        let request = Request.testing(.get, "/", headers: ["X-Forwarded-For": forwarded], peer: peer)
        #expect(address.of(request) == expected)
    }

    @Test("networks hold the addresses of their prefix and no others")
    func ranges() throws {
        let range = try #require(AddressRange("192.168.4.0/22"))
        #expect(range.contains("192.168.7.255") && !range.contains("192.168.8.0") && !range.contains("::1"))
        #expect(try #require(AddressRange("fd00::/7")).contains("fc00::1"))
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129", "1.2.3.4/"] {
            #expect(AddressRange(wrong) == nil, "\(wrong)")
        }
    }
}
