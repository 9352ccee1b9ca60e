import Core
import Testing

@testable import HTTP

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Large bodies")
struct LargeBodyTests {
    @Test("two gigabytes pass through whole")
    func whole() async throws {
        let size: Int64 = 2 << 30
        try await withServer(handler: { request in
            .text("\(try await request.body.receive(into: CountingSink()))")
        }) { server in
            let reply = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: \(size)"])
                let block = [UInt8](repeating: 7, count: 1 << 20)
                for _ in 0..<(size >> 20) { try client.send(block) }
                return try client.reply()
            }
            #expect(reply.text == "\(size)")
        }
    }
}
