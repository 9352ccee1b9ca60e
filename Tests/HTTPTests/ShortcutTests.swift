import Core
import Testing

@testable import HTTP

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("What is answered from memory")
struct ShortcutTests {
    /// A file of a million bytes that is gone with this object.
    private final class Segment: Sendable {
        let path = "/tmp/telecine-segment-\(RequestID.random()).m4s"
        let bytes: [UInt8]

        init() {
            bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
            var times = [timeval(tv_sec: 1_700_000_000, tv_usec: 0), timeval(tv_sec: 1_700_000_000, tv_usec: 0)]
            utimes(path, &times)
        }

        deinit { unlink(path) }

        func make(for request: Request) throws -> Response {
            try FileResponse.make(for: request, path: path, contentType: "video/iso.segment", isImmutable: true)
        }

        func inMemory(for request: Request) -> Response? {
            FileResponse.inMemory(for: request, path: path, contentType: "video/iso.segment", cacheControl: "private")
        }
    }

    @Test("a segment arrives whole and in ranges, the first time from the file and then from memory")
    func segments() async throws {
        let segment = Segment()
        let handler: Handler = { try segment.make(for: $0) }
        try await withServer(handler: handler, shortcut: { segment.inMemory(for: $0) }) { server in
            #expect(segment.inMemory(for: .testing(.get, "/")) == nil)
            for _ in 0..<3 {
                let whole = try await server.ask("GET", "/")
                #expect(whole.status == 200 && whole.body == segment.bytes)
                let part = try await server.ask("GET", "/", ["Range: bytes=999000-"])
                #expect(part.status == 206 && part.body == Array(segment.bytes[999_000...]))
                let head = try await server.ask("HEAD", "/")
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.headers["Content-Length"] == "1000000")
            }
            // Its stamp holds for a second, which may be over before the next line on a busy machine.
            try await eventually {
                _ = try segment.make(for: .testing(.get, "/"))
                return segment.inMemory(for: .testing(.get, "/")) != nil
            }
        }
    }

    @Test("a segment that was deleted is not served for long")
    func deletion() async throws {
        let segment = Segment()
        _ = try segment.make(for: .testing(.get, "/"))
        unlink(segment.path)
        let deadline = ContinuousClock.now + .seconds(300)
        while segment.inMemory(for: .testing(.get, "/")) != nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(throws: ServiceError.self) { try segment.make(for: .testing(.get, "/")) }
    }

    @Test("what is unused is forgotten, and its file's place on the disk comes free")
    func forgetting() throws {
        let segment = Segment()
        let descriptor = open(segment.path, O_RDONLY)
        defer { close(descriptor) }
        let stamp = try #require(FileStamp(path: segment.path))
        let cache = FileCache(copied: 1 << 20, mapped: 64 << 20)
        let bytes = try #require(SharedBytes(mapping: descriptor, count: segment.bytes.count))
        #expect(bytes.array == segment.bytes)
        let validators = Validators(etag: stamp.etag, modified: stamp.modifiedSeconds)
        cache.keep(FileCache.Entry(stamp: stamp, bytes: bytes, validators: validators), at: segment.path)
        cache.drop(unusedFor: .seconds(60))
        #expect(cache.find(segment.path, stamp) != nil)
        cache.drop(unusedFor: .zero)
        #expect(cache.find(segment.path, stamp) == nil)
    }

    @Test("a request with a body, and one that the shortcut does not know, go to the handler")
    func others() async throws {
        let handler: Handler = { request in
            .text("handler \(String(decoding: try await request.body.collect(upTo: 100), as: UTF8.self))")
        }
        let shortcut: Shortcut = { $0.path == "/known" ? .text("shortcut") : nil }
        try await withServer(handler: handler, shortcut: shortcut) { server in
            let known = try await server.ask("GET", "/known")
            let other = try await server.ask("GET", "/other")
            let posted = try await server.ask("POST", "/known", body: "body")
            #expect(known.text == "shortcut")
            #expect(other.text == "handler ")
            #expect(posted.text == "handler body")
        }
    }
}
