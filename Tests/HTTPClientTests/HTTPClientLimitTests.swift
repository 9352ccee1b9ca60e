import Core
import HTTP
import Testing

@testable import HTTPClient

@Suite("Limits of outgoing requests")
struct HTTPClientLimitTests {
    @Test("an address that is not public is refused, whatever its name")
    func privateAddresses() async throws {
        let asked = Kept(false)
        var configuration = HTTPClient.Configuration()
        configuration.connectTimeout = .seconds(300)
        let client = HTTPClient(configuration)
        try await withServed({ _ in
            asked.value = true
            return .text("")
        }) { base, _ in
            let port = base.split(separator: ":").last ?? ""
            for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"] {
                await #expect(throws: HTTPClientError.privateAddress, "\(host)") {
                    try await client.send(OutgoingRequest("GET", "http://\(host):\(port)/"))
                }
            }
            #expect(!asked.value)
        }
    }

    @Test(
        "which addresses are public",
        arguments: [
            ([8, 8, 8, 8], true), ([172, 15, 0, 1], true), ([172, 16, 0, 1], false), ([100, 64, 0, 1], false),
            ([169, 254, 169, 254], false), ([0, 0, 0, 0], false), ([255, 255, 255, 255], false), ([], false),
        ] as [([UInt8], Bool)]
    )
    func addresses(_ address: [UInt8], _ isPublic: Bool) {
        #expect(PublicAddresses.contain(address) == isPublic)
        guard address.count == 4 else { return }
        // The same behind IPv6: mapped, and translated; never by 6to4.
        #expect(PublicAddresses.contain([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] + address) == isPublic)
        #expect(PublicAddresses.contain([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] + address) == isPublic)
        #expect(!PublicAddresses.contain([0x20, 0x02] + address + [UInt8](repeating: 0, count: 10)))
    }

    @Test("IPv6: global unicast alone is public")
    func addressesIPv6() {
        func address(_ head: UInt8...) -> [UInt8] { head + [UInt8](repeating: 1, count: 16 - head.count) }
        #expect(PublicAddresses.contain(address(0x26, 0x06)))
        #expect(!PublicAddresses.contain(address(0xFD)))
        #expect(!PublicAddresses.contain(address(0xFE, 0x80)))
        #expect(!PublicAddresses.contain(address(0xFF, 0x02)))
        #expect(!PublicAddresses.contain(address(0x20, 0x01, 0x0D, 0xB8)))
    }

    @Test("other schemes, fields of two lines and targets with spaces are not sent")
    func nonsense() async throws {
        let client = HTTPClient()
        for request in [
            OutgoingRequest("GET", "file:///etc/passwd"), OutgoingRequest("GET", "http://a b/"),
            OutgoingRequest("GET", "http://a.example/", headers: [("X", "a\r\nHost: b")]),
            OutgoingRequest("GET /", "http://a.example/"), OutgoingRequest("GET", "http://user:word@a.example/"),
        ] {
            await #expect(throws: HTTPClientError.self) { try await client.send(request) }
        }
    }

    @Test("whoever waits to write the body of a request that is not sent is told that nobody wants it")
    func unwanted() async {
        let stream = OutgoingStream(length: nil)
        await #expect(throws: HTTPClientError.self) {
            try await HTTPClient().send(OutgoingRequest("PUT", "http://a b/", body: .stream(stream)))
        }
        #expect(await !stream.waitUntilWanted())
    }

    @Test("nobody there is told at once; silence after its time")
    func deadlines() async throws {
        let gate = Kept(false)
        try await withServed(
            { request in
                while !gate.value, request.isClientConnected() { try await Task.sleep(for: .milliseconds(20)) }
                return .text("late")
            },
            { $0.idleTimeout = .milliseconds(300) }
        ) { base, client in
            await #expect(throws: HTTPClientError.timedOut(.idle)) {
                try await client.send(OutgoingRequest("GET", base + "/"))
            }
            gate.value = true
        }
        var configuration = HTTPClient.Configuration()
        configuration.allowsPrivateAddresses = true
        configuration.connectTimeout = .seconds(300)
        do {
            _ = try await HTTPClient(configuration).send(OutgoingRequest("GET", "http://127.0.0.1:1/"))
            Issue.record("port 1 answers")
        } catch HTTPClientError.unreachable {
        }
    }

    @Test("heads and bodies beyond their limits end the exchange")
    func sizes() async throws {
        try await withServed(
            { request in
                var response = Response.text(String(repeating: "x", count: 5000))
                if request.path == "/head" { response.headers["X-Long"] = String(repeating: "y", count: 5000) }
                return response
            },
            { $0.headBytes = 4096 }
        ) { base, client in
            await #expect(throws: HTTPClientError.tooLarge) {
                try await client.send(OutgoingRequest("GET", base + "/head"))
            }
            await #expect(throws: HTTPClientError.tooLarge) {
                try await client.fetch(OutgoingRequest("GET", base + "/body"), upTo: 4999)
            }
            let whole = try await client.fetch(OutgoingRequest("GET", base + "/body"), upTo: 5000)
            #expect(whole.body.count == 5000)
        }
    }

    @Test(
        "what is no status counts as a failure of the server, and the fields behind it are read",
        arguments: ["999", "600", "99", "0", "-1", "two hundred", "", "9223372036854775808"]
    )
    func status(_ text: String) {
        var head = ResponseHead()
        for line in ["HTTP/1.1 \(text) x\r\n", "Retry-After: 1\r\n", "\r\n"] {
            let isTaken = Array(line.utf8).withUnsafeBytes { head.take(line: $0, atMost: 4096) }
            #expect(isTaken)
        }
        #expect(head.isWhole && head.status == 502 && head.headers.first?.name == "Retry-After")
    }

    @Test("cancelling, or letting go of the body, ends the connection")
    func cancellation() async throws {
        let begun = Kept(false)
        let ends = Kept(0)
        try await withServed({ request in
            guard request.path == "/stream" else {
                begun.value = true
                while request.isClientConnected() { try await Task.sleep(for: .milliseconds(20)) }
                ends.value += 1
                return .text("")
            }
            return .stream(contentType: "text/plain") { writer in
                defer { ends.value += 1 }
                try await writer.write("hello")
                try await Task.sleep(for: .seconds(60))
            }
        }) { base, client in
            let waiting = Task { try await client.send(OutgoingRequest("GET", base + "/wait")) }
            await eventually { begun.value }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            await eventually { ends.value == 1 }
            try await readALittle(of: base + "/stream", client)
            await eventually { ends.value == 2 }
        }
    }

    private func readALittle(of url: String, _ client: HTTPClient) async throws {
        let response = try await client.send(OutgoingRequest("GET", url))
        let block = try await response.body.next()
        #expect(block == Array("hello".utf8))
    }
}
