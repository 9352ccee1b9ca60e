import Core
import Testing

@testable import HTTP

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Files")
struct FileResponseTests {
    /// A file of a test's own, gone with this object.
    final class TemporaryFile: Sendable {
        let path: String

        init(_ text: String, modified: Int = 1_700_000_000) {
            path = "/tmp/telecine-http-\(RequestID.random())"
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
            set(modified: modified)
        }

        func set(modified: Int) {
            var times = [timeval(tv_sec: modified, tv_usec: 0), timeval(tv_sec: modified, tv_usec: 0)]
            utimes(path, &times)
        }

        deinit { unlink(path) }
    }

    private static let date = "Tue, 14 Nov 2023 22:13:20 GMT"

    private func get(
        _ file: TemporaryFile,
        _ headers: Headers = [:],
        method: HTTPMethod = .get
    ) async throws -> (response: Response, text: String) {
        let response = try FileResponse.make(
            for: .testing(method, "/", headers: headers),
            path: file.path,
            contentType: "text/plain",
            etag: "\"v1\""
        )
        return (response, String(decoding: try await response.body.collect(), as: UTF8.self))
    }

    @Test(
        "a range is answered as RFC 9110 has it",
        arguments: [
            ("bytes=0-", 206, "bytes 0-9/10", "0123456789"), ("bytes=0-0", 206, "bytes 0-0/10", "0"),
            ("bytes=2-4", 206, "bytes 2-4/10", "234"), ("bytes=9-", 206, "bytes 9-9/10", "9"),
            ("bytes=5-100", 206, "bytes 5-9/10", "56789"), ("bytes=-3", 206, "bytes 7-9/10", "789"),
            ("bytes=-100", 206, "bytes 0-9/10", "0123456789"), ("BYTES=1-2", 206, "bytes 1-2/10", "12"),
            ("bytes= 1-2", 206, "bytes 1-2/10", "12"),
            ("bytes=0-99999999999999999999", 206, "bytes 0-9/10", "0123456789"),
            ("bytes=10-", 416, "bytes */10", ""), ("bytes=-0", 416, "bytes */10", ""),
            ("bytes=99999999999999999999-", 416, "bytes */10", ""),
            ("bytes=0-1,3-4", 200, nil, "0123456789"), ("bytes=4-2", 200, nil, "0123456789"),
            ("bytes=a-b", 200, nil, "0123456789"), ("bytes=-", 200, nil, "0123456789"),
            ("bytes=1", 200, nil, "0123456789"), ("items=0-1", 200, nil, "0123456789"),
        ] as [(String, Int, String?, String)]
    )
    func ranges(range: String, status: Int, contentRange: String?, text: String) async throws {
        let file = TemporaryFile("0123456789")
        let (response, body) = try await get(file, ["Range": range])
        #expect(response.status.rawValue == status)
        #expect(response.headers["Content-Range"] == contentRange)
        #expect(response.headers["Accept-Ranges"] == "bytes")
        if status != 416 { #expect(body == text) }
    }

    @Test(
        "If-Range lets a range through only for the same bytes",
        arguments: [
            ("\"v1\"", 206), ("\"v2\"", 200), ("W/\"v1\"", 200), (date, 206), ("Tue, 14 Nov 2023 22:13:21 GMT", 200),
            ("nonsense", 200),
        ]
    )
    func ifRange(condition: String, status: Int) async throws {
        let file = TemporaryFile("0123456789")
        let (response, _) = try await get(file, ["Range": "bytes=0-1", "If-Range": condition])
        #expect(response.status.rawValue == status)
    }

    @Test(
        "conditions are evaluated in the RFC's order",
        arguments: [
            (["If-None-Match": "\"v1\""], 304), (["If-None-Match": "W/\"v1\""], 304),
            (["If-None-Match": "\"a,b\", \"v1\""], 304), (["If-None-Match": "*"], 304),
            (["If-None-Match": "\"v2\""], 200), (["If-Modified-Since": date], 304),
            (["If-Modified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"], 200),
            (["If-Modified-Since": date, "If-None-Match": "\"v2\""], 200),
            (["If-Match": "\"v1\""], 200), (["If-Match": "\"v2\""], 412), (["If-Match": "W/\"v1\""], 412),
            (["If-Unmodified-Since": date], 200), (["If-Unmodified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"], 412),
            (["If-Modified-Since": "yesterday"], 200),
        ] as [([String: String], Int)]
    )
    func conditions(headers: [String: String], status: Int) async throws {
        let file = TemporaryFile("0123456789")
        var fields = Headers()
        for (name, value) in headers { fields.add(name, value) }
        let (response, _) = try await get(file, fields)
        #expect(response.status.rawValue == status)
        if status != 412 {
            #expect(response.headers["ETag"] == "\"v1\"")
            #expect(response.headers["Last-Modified"] == Self.date)
        }
        if status == 304 { #expect(response.headers["Content-Type"] == nil) }
    }

    @Test("a small file is sent from memory the second time, until it changes")
    func caching() async throws {
        let file = TemporaryFile("first")
        for _ in 0..<3 {
            let (response, text) = try await get(file)
            #expect(text == "first")
            guard case .shared = response.body else {
                Issue.record("not from memory: \(response.body)")
                return
            }
        }
        let descriptor = open(file.path, O_WRONLY | O_TRUNC)
        _ = Array("other".utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        file.set(modified: 1_700_000_001)
        #expect(try await get(file).text == "other")
    }

    @Test("a file written a moment ago is never kept in memory")
    func fresh() async throws {
        // A moment that is not over, however long the machine takes from here to the next line.
        let file = TemporaryFile("fresh", modified: Int(Timestamp.now.seconds) + 600)
        guard case .file = try await get(file).response.body else {
            Issue.record("kept")
            return
        }
    }

    @Test("no file, a folder: not found")
    func missing() {
        for path in ["/nonexistent/file", "/tmp"] {
            #expect(throws: ServiceError.self) {
                try FileResponse.make(for: .testing(), path: path, contentType: "text/plain")
            }
        }
    }

    @Test("files, ranges, HEAD and empty files pass over a socket whole")
    func overSocket() async throws {
        let text = (0..<200_000).map { String($0 % 10) }.joined()
        let large = TemporaryFile(text)
        let small = TemporaryFile("small")
        let empty = TemporaryFile("")
        try await withServer(handler: { request in
            let file = ["/large": large, "/small": small][request.path] ?? empty
            return try FileResponse.make(for: request, path: file.path, contentType: "text/plain")
        }) { server in
            try await offPool {
                let client = try server.client()
                for _ in 0..<2 {
                    try client.request("GET", "/large")
                    #expect(try client.reply().text == text)
                    try client.request("GET", "/large", ["Range: bytes=100000-100009"])
                    let part = try client.reply()
                    #expect(part.status == 206)
                    #expect(part.text == "0123456789")
                    try client.request("HEAD", "/large")
                    #expect(try client.reply(toHead: true).headers["Content-Length"] == "200000")
                    try client.request("GET", "/small", ["Range: bytes=-2"])
                    #expect(try client.reply().text == "ll")
                    try client.request("GET", "/empty")
                    let none = try client.reply()
                    #expect(none.status == 200 && none.body.isEmpty)
                    try client.request("GET", "/large", ["Range: bytes=200000-"])
                    #expect(try client.reply().status == 416)
                    try client.request("GET", "/small", ["If-None-Match: *"])
                    let same = try client.reply()
                    #expect(same.status == 304)
                    #expect(same.headers["Content-Length"] == "5")
                }
            }
        }
    }

    @Test("dates of headers are read back", arguments: [0, 951_782_399, 951_868_800, 1_700_000_000, 4_102_444_799])
    func dates(seconds: Int64) {
        #expect(HTTPDate.seconds(Timestamp(seconds: seconds).httpDate) == seconds)
    }

    @Test("no descriptor is lost, whether a response is sent or not")
    func descriptors() async throws {
        let file = TemporaryFile(String(repeating: "x", count: 100_000))
        let stamp = try #require(FileStamp(path: file.path))
        for _ in 0..<50 { _ = try FileResponse.make(for: .testing(), path: file.path, contentType: "a/b") }
        // Other tests open and close files of their own meanwhile.
        #expect((0..<4096).count { FileStamp(descriptor: Int32($0)) == stamp } == 0)
    }

    @Test("a file that never changes is sent at once when it is asked for again, and is missed soon after its end")
    func immutable() async throws {
        let file = TemporaryFile("segment")
        let load = {
            try await FileResponse.make(
                for: .testing(.get, "/"),
                path: file.path,
                contentType: "video/iso.segment",
                isImmutable: true
            ).body.collect()
        }
        #expect(try await load() == Array("segment".utf8))
        #expect(try await load() == Array("segment".utf8))
        unlink(file.path)
        let end = ContinuousClock.now + .seconds(300)
        var isMissed = false
        while !isMissed, ContinuousClock.now < end {
            do { _ = try await load() } catch let error as ServiceError { isMissed = error.code == .notFound }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(isMissed)
    }
}
