import Core
import Testing

@testable import HTTP

@Suite("Chaos")
struct ChaosTests {
    /// Small and repeatable (xorshift): a failing seed can be run again.
    private struct Dice {
        var state: UInt64
        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(sides))
        }
    }

    private static let handler: Handler = { request in
        switch request.path {
        case "/slow": try await Task.sleep(for: .milliseconds(5))
        case "/sink": _ = try await request.body.receive(into: CountingSink(failAt: 30_000))
        case "/late":
            try await Task.sleep(for: .milliseconds(3))
            _ = try await request.body.receive(into: CountingSink())
        case "/cancel":
            let reading = Task { try await request.body.receive(into: CountingSink()) }
            try await Task.sleep(for: .milliseconds(2))
            reading.cancel()
            _ = try await reading.value
        case "/stream":
            return .stream(contentType: "text/plain") { writer in
                for _ in 0..<20 { try await writer.write([UInt8](repeating: 65, count: 20_000)) }
            }
        case "/events": return .events { _ in try await Task.sleep(for: .seconds(60)) }
        case "/refuse": throw ServiceError(.forbidden, "no")
        default: break
        }
        return .text("ok")
    }

    /// One client that does something unreasonable; errors are what it expects.
    private static func misbehave(_ port: UInt16, _ seed: UInt64) {
        var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        guard let client = try? RawClient(port: port, milliseconds: 200) else { return }
        let paths = ["/", "/slow", "/sink", "/late", "/cancel", "/stream", "/events", "/refuse"]
        for _ in 0..<(1 + dice.roll(3)) {
            let length = [0, 100, 50_000, 400_000][dice.roll(4)]
            let expects = dice.roll(4) == 0 ? ["Expect: 100-continue"] : []
            let frame = dice.roll(3) == 0 ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
            try? client.request(dice.roll(8) == 0 ? "HEAD" : "PUT", paths[dice.roll(paths.count)], [frame] + expects)
            let body = [UInt8](repeating: 65, count: dice.roll(length + 1))
            if frame.hasPrefix("T") { try? client.send("\(String(body.count, radix: 16))\r\n") }
            try? client.send(body)
            if frame.hasPrefix("T") { try? client.send("\r\n0\r\n\r\n") }
            if dice.roll(3) == 0 { Threads.pause(milliseconds: UInt32(dice.roll(8))) }
            if dice.roll(3) == 0 { _ = try? client.read(atLeast: 1) }
        }
        switch dice.roll(3) {
        case 0: client.reset()
        case 1: client.endSending()
        default: client.finish()
        }
    }

    private func unleash(_ port: UInt16, clients: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    try? await offPool {
                        for index in stride(from: worker, to: clients, by: 8) {
                            Self.misbehave(port, UInt64(index + 1))
                        }
                    }
                }
            }
        }
    }

    @Test("clients that misbehave in every way leave nothing behind")
    func misbehaviour() async throws {
        try await withServer {
            $0.headDeadline = .seconds(2)
            $0.bodyPatience = .seconds(2)
        } handler: {
            try await Self.handler($0)
        } _: { server in
            await unleash(server.port, clients: 400)
            await eventually { server.server.handlerCount == 0 }
            // Who is slow to ask on a busy machine is cut as well, and asks again.
            await eventually { (try? await server.ask("GET", "/").text) == "ok" }
        }
    }

    @Test("a shutdown in the middle of it ends", arguments: [0, 30, 200])
    func shutdown(milliseconds: Int) async throws {
        try await withServer(handler: Self.handler) { server in
            async let chaos: Void = unleash(server.port, clients: 150)
            try await Task.sleep(for: .milliseconds(40))
            await server.server.shutdown(deadline: .milliseconds(milliseconds), grace: .seconds(300))
            #expect(server.log.named("the HTTP engine still holds requests and is left running").isEmpty)
            await chaos
        }
    }
}
