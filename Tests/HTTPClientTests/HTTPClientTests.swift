import Core
import HTTP
import Testing

@testable import HTTPClient

@Suite("Outgoing requests")
struct HTTPClientTests {
    @Test("method, target, fields and body arrive as they were given, and the response comes back")
    func exchange() async throws {
        try await withServed({ request in
            let body = try await request.body.collect(upTo: 100)
            let words = [
                request.method.rawValue, request.target, request.host ?? "", request.headers["X-Word"] ?? "",
                String(decoding: body, as: UTF8.self),
            ]
            var response = Response.text(words.joined(separator: " "), status: .created)
            response.headers.add("X-Twice", "one")
            response.headers.add("X-Twice", "two")
            response.headers["X-Had"] = request.headers["Accept"] ?? "no Accept"
            return response
        }) { base, client in
            var request = OutgoingRequest("PATCH", base, headers: [("X-Word", "a: b"), ("Host", "else.example")])
            request.target = "/a/%C3%A9/..b?q=%20"
            request.body = .bytes(Array("hello".utf8))
            let answer = try await client.fetch(request, upTo: 1000)
            #expect(answer.status == 201)
            #expect(
                String(decoding: answer.body, as: UTF8.self) == "PATCH /a/%C3%A9/..b?q=%20 else.example a: b hello"
            )
            #expect(answer.headers.filter { $0.name == "X-Twice" }.map(\.value) == ["one", "two"])
            #expect(answer.headers.first { $0.name == "X-Had" }?.value == "no Accept")
        }
    }

    @Test("responses follow each other on one connection, and a HEAD has no body")
    func reuse() async throws {
        try await withServed({ _ in .text("twelve bytes") }) { base, client in
            for number in 0..<5 {
                let head = try await client.send(OutgoingRequest(number == 3 ? "HEAD" : "GET", base + "/x"))
                #expect(head.header("content-length") == "12")
                let body = try await head.body.collect(upTo: 100)
                #expect(body.count == (number == 3 ? 0 : 12))
            }
        }
    }

    @Test("a body of many megabytes passes through little memory, both ways, held back by the slower side")
    func streaming() async throws {
        let size = 24 << 20
        try await withServed({ request in
            let count = Count()
            _ = try await request.body.receive(into: count)
            return .stream(contentType: "text/plain") { writer in
                let block = [UInt8](repeating: 7, count: 64 << 10)
                for _ in 0..<(Int(count.total) / block.count) { try await writer.write(block) }
            }
        }) { base, client in
            for length in [Int64(size), nil] {
                let stream = OutgoingStream(length: length)
                let writing = Task {
                    let block = [UInt8](repeating: 1, count: 128 << 10)
                    for _ in 0..<(size / block.count) { try await stream.send(block) }
                    stream.finish()
                }
                let response = try await client.send(OutgoingRequest("POST", base + "/", body: .stream(stream)))
                try await writing.value
                var (received, largest) = (0, 0)
                while let block = try await response.body.next() {
                    received += block.count
                    largest = max(largest, block.count)
                }
                #expect(received == size)
                #expect(largest <= 256 << 10)
            }
        }
    }

    @Test("fields follow a body that goes in chunks")
    func trailers() async throws {
        try await withServed({ request in
            _ = try await request.body.receive(into: Count())
            return .text(request.body.trailers["Upload-Checksum"] ?? "none")
        }) { base, client in
            let stream = OutgoingStream(length: nil)
            var request = OutgoingRequest("PATCH", base + "/", headers: [("Trailer", "Upload-Checksum")])
            request.body = .stream(stream)
            try stream.write(Array("abc".utf8))
            stream.finish(trailers: [("Upload-Checksum", "sha1 x")])
            let answer = try await client.fetch(request, upTo: 100)
            #expect(String(decoding: answer.body, as: UTF8.self) == "sha1 x")
        }
    }

    @Test("a refusal comes before a byte of a body that waits for 100 Continue")
    func expectation() async throws {
        let received = Count()
        try await withServed({ request in
            if request.path == "/no" { return .problem(.payloadTooLarge, code: "too_large", "No.") }
            request.sendInterim(Status(rawValue: 104), ["Location": "/there"])
            _ = try await request.body.receive(into: received)
            return .text("\(received.total)")
        }) { base, client in
            let refused = OutgoingStream(length: 1 << 40)
            var request = OutgoingRequest("POST", base + "/no", body: .stream(refused))
            request.expectsContinue = true
            let answer = try await client.fetch(request, upTo: 1000)
            #expect(answer.status == 413)
            let isRefusedWanted = await refused.waitUntilWanted()
            #expect(!isRefusedWanted)
            #expect(throws: HTTPClientError.self) { try refused.write([1]) }

            let interim = Kept<[String]>([])
            let wanted = OutgoingStream(length: 3)
            request = OutgoingRequest("POST", base + "/yes", body: .stream(wanted))
            request.expectsContinue = true
            request.onInterim = { status, fields in
                interim.value.append("\(status) \(fields.first { $0.name == "Location" }?.value ?? "")")
            }
            let sending = Task { [request] in try await client.fetch(request, upTo: 100) }
            let isWanted = await wanted.waitUntilWanted()
            #expect(isWanted)
            try wanted.write([1, 2, 3])
            wanted.finish()
            let whole = try await sending.value
            #expect(String(decoding: whole.body, as: UTF8.self) == "3")
            #expect(interim.value == ["104 /there"])
        }
    }

    @Test("what was written before a body failed arrives, and nothing counts as whole")
    func failedBody() async throws {
        let received = Count()
        let ending = Kept("")
        try await withServed({ request in
            do {
                _ = try await request.body.receive(into: received)
                ending.value = "whole"
            } catch {
                ending.value = "\(error)"
            }
            return .text("")
        }) { base, client in
            let stream = OutgoingStream(length: 1000)
            try stream.write([UInt8](repeating: 1, count: 300))
            stream.fail()
            await #expect(throws: HTTPClientError.bodyFailed) {
                try await client.send(OutgoingRequest("PUT", base + "/", body: .stream(stream)))
            }
            await eventually { ending.value == "disconnected(received: 300)" }
        }
    }

    @Test("redirects are not followed")
    func redirects() async throws {
        try await withServed({ _ in .redirect(to: "http://127.0.0.1:1/") }) { base, client in
            let answer = try await client.fetch(OutgoingRequest("GET", base + "/"), upTo: 100)
            #expect(answer.status == 302)
        }
    }
}
