import Synchronization

@testable import HTTP

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs blocking code on a thread of its own: blocked tests would otherwise hold the pool that the handlers need.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Threads.run { continuation.resume(with: Result { try body() }) }
    }
}

struct ClientError: Error, CustomStringConvertible {
    let description: String
}

/// A response as it stood on the wire.
struct RawReply: Sendable {
    var status = 0
    var headers = Headers()
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A client that says exactly what it is told, on a blocking socket with a patience of five minutes unless told.
final class RawClient: @unchecked Sendable {  // used by one thread at a time: each test's script
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16, host: String = "127.0.0.1", milliseconds: Int = 300_000) throws {
        guard let address = SocketAddress.resolve(host, port: port).first else {
            throw ClientError(description: "no address \(host)")
        }
        descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        let result = address.withSockaddr { connect(descriptor, $0, $1) }
        guard result == 0 else { throw ClientError(description: "connect: \(errno)") }
    }

    deinit { finish() }

    func finish() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset instead of an end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        finish()
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ClientError(description: "send: \(errno)") }
            sent += count
        }
    }

    /// Sends so many bytes without holding them: another test looks at the memory of the whole process.
    func send(count: Int) throws {
        let block = [UInt8](repeating: 1, count: 64 << 10)
        var left = count
        while left > 0 {
            try send(left >= block.count ? block : Array(block.prefix(left)))
            left -= block.count
        }
    }

    /// Bytes up to the connection's end, not kept.
    func countToEnd() throws -> Int {
        var count = 0
        repeat {
            count += buffer.count
            buffer = []
        } while try fill()
        return count
    }

    /// A request with the headers that every one needs.
    func request(_ method: String, _ target: String, _ headers: [String] = [], body: String = "") throws {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        try send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Everything up to the connection's end.
    func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Everything up to the connection's end, while `step` turns the server's clock forward again and again.
    func readToEnd(while step: () throws -> Void) throws -> [UInt8] {
        let result = Box<Result<[UInt8], any Error>?>(nil)
        Threads.run { result.value = Result { try self.readToEnd() } }
        while true {
            if let result = result.value { return try result.get() }
            try step()
            Threads.pause(milliseconds: 5)
        }
    }

    func read(atLeast count: Int) throws -> [UInt8] {
        while buffer.count < count, try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// The next response; interim ones too.
    func reply(toHead: Bool = false) throws -> RawReply {
        var reply = RawReply()
        let head = try line(endingWith: [13, 10, 13, 10])
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        reply.status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            reply.headers.add(String(parts[0]), String(parts[1].trimmingSpaces()))
        }
        if toHead || reply.status < 200 || reply.status == 204 || reply.status == 304 { return reply }
        if reply.headers["Transfer-Encoding"] == "chunked" {
            reply.body = try chunks()
        } else if let length = reply.headers["Content-Length"].flatMap({ Int($0) }) {
            reply.body = try take(length)
        } else {
            reply.body = try readToEnd()
        }
        return reply
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let size = String(decoding: try line(endingWith: [13, 10]).dropLast(2), as: UTF8.self)
            guard let count = Int(size, radix: 16) else { throw ClientError(description: "chunk size \(size)") }
            body += try take(count)
            _ = try take(2)
            if count == 0 { return body }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw ClientError(description: "ended after \(buffer.count) of \(count) bytes") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func line(endingWith end: [UInt8]) throws -> [UInt8] {
        var searched = 0
        while true {
            if buffer.count >= end.count {
                for index in max(0, searched - end.count)...(buffer.count - end.count)
                where buffer[index] == end[0] && Array(buffer[index..<(index + end.count)]) == end {
                    return try take(index + end.count)
                }
            }
            searched = buffer.count
            guard try fill() else {
                throw ClientError(description: "ended: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    /// False at the connection's end.
    private func fill() throws -> Bool {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &block, block.count, 0)
        guard count >= 0 else { throw ClientError(description: "recv: \(errno)") }
        buffer += block.prefix(count)
        return count > 0
    }
}

extension Threads {
    /// Waits on a thread of the test's own: the pace of a slow client.
    static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}
