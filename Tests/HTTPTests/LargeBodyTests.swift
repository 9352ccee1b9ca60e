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
    @Test("two gigabytes pass through without staying in memory")
    func memory() async throws {
        let size: Int64 = 2 << 30
        try await withServer(handler: { request in
            .text("\(try await request.body.receive(into: CountingSink()))")
        }) { server in
            let before = Self.peakMemory()
            let reply = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: \(size)"])
                let block = [UInt8](repeating: 7, count: 1 << 20)
                for _ in 0..<(size >> 20) { try client.send(block) }
                return try client.reply()
            }
            #expect(reply.text == "\(size)")
            #expect(Self.peakMemory() - before < 64 << 20)
        }
    }

    /// Bytes of the process's largest resident size so far.
    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(0), &usage)
        return usage.ru_maxrss * 1024
    }
}
