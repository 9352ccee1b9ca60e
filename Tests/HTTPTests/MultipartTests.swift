import Core
import Testing

@testable import HTTP

@Suite("Forms with files")
struct MultipartTests {
    /// What a parser found, as text: `name|filename|type|bytes;` per part.
    private final class Recorder: MultipartConsumer {
        var text = ""
        func partBegan(_ head: PartHead) {
            text += "\(head.name)|\(head.filename ?? "-")|\(head.contentType ?? "-")|"
        }
        func partData(_ bytes: UnsafeRawBufferPointer) { text += String(decoding: bytes, as: UTF8.self) }
        func partEnded() { text += ";" }
    }

    private func parse(_ body: [UInt8], cuts: [Int], boundary: String = "XX", partLimit: Int = 10) throws -> String {
        var parser = MultipartParser(boundary: boundary, partLimit: partLimit)
        let recorder = Recorder()
        var start = 0
        for cut in cuts + [body.count] {
            try body[start..<cut].withUnsafeBytes { try parser.feed($0, recorder) }
            start = cut
        }
        return recorder.text + (parser.isComplete ? "." : "?")
    }

    private static let tricky = Array(
        ("preamble --XX\r\nmore\r\n--XX \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\r\n--X\r\n--XY"
            + "\r\n--XX\r\nCONTENT-type: video/mp4\r\ncontent-disposition: FORM-DATA; filename=\"n.mp4\"; name=f\r\n\r\n"
            + "\r\n-\r\n--X-\r\n\r\n--XX\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
            + "--XX\r\nContent-Disposition: form-data; name=bare\r\n\r\n--XX--\r\nepilogue\r\n--XX\r\n").utf8
    )
    private static let expected =
        "a|-|-|1\r\n2\r\r\n--X\r\n--XY;f|n.mp4|video/mp4|\r\n-\r\n--X-\r\n;empty|-|-|;bare|-|-|;."

    @Test("a form is read the same wherever it is cut once")
    func everySplit() throws {
        for cut in 0...Self.tricky.count {
            #expect(try parse(Self.tricky, cuts: [cut]) == Self.expected, "cut at \(cut)")
        }
    }

    @Test("a form is read the same in pieces of every size, and cut anywhere twice")
    func everySize() throws {
        for size in 1...40 {
            let cuts = Array(stride(from: size, to: Self.tricky.count, by: size))
            #expect(try parse(Self.tricky, cuts: cuts) == Self.expected, "pieces of \(size)")
        }
        for first in stride(from: 0, to: Self.tricky.count, by: 3) {
            for second in stride(from: first, to: min(first + 60, Self.tricky.count), by: 1) {
                #expect(try parse(Self.tricky, cuts: [first, second]) == Self.expected)
            }
        }
    }

    @Test(
        "names and filenames are understood as clients write them",
        arguments: [
            (#"form-data; name="a""#, "a", nil), (#"form-data; name="a"; filename="b.mp4""#, "a", "b.mp4"),
            (#"form-data; name="a"; filename="q\"uote.mp4""#, "a", "q\"uote.mp4"),
            (#"form-data; name="a"; filename="q%22uote.mp4""#, "a", "q\"uote.mp4"),
            (#"form-data; name="a"; filename="100%.mp4""#, "a", "100%.mp4"),
            (#"form-data; name="a"; filename="naïve 影片.mp4""#, "a", "naïve 影片.mp4"),
            (#"form-data; name="a"; filename="x"; filename*=UTF-8''na%C3%AFve.mp4"#, "a", "naïve.mp4"),
            (#"form-data; name="a"; filename="C:\folder\b.mp4""#, "a", "b.mp4"),
            (#"form-data; name="a"; filename="../../etc/passwd""#, "a", "passwd"),
            (#"form-data; name="a"; filename="..""#, "a", ""),
            (#"form-data; name="semi;colon"; filename="a;b.mp4""#, "semi;colon", "a;b.mp4"),
            (#"form-data; name="a"; filename="""#, "a", ""),
            (#"form-data;name=a;filename=b"#, "a", "b"),
        ] as [(String, String, String?)]
    )
    func names(disposition: String, name: String, filename: String?) throws {
        let head = try PartHead(parsing: Array("Content-Disposition: \(disposition)\r\n\r\n".utf8))
        #expect(head.name == name)
        #expect(head.filename == filename)
    }

    @Test(
        "what is not a form is refused",
        arguments: [
            "--XX\r\n\r\n\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\n\r\n--XX--",
            "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--XX--", "--XXjunk\r\n", "--XX-junk",
            "--XX\r\nno colon\r\n\r\n", "--XX\r\nX: \(String(repeating: "y", count: 9000))\r\n\r\n",
            "--XX\r\nContent-Disposition: form-data; name=\"a\u{0}b\"\r\n\r\n",
            String(repeating: "junk", count: 20_000), "--XX--" + String(repeating: "junk", count: 20_000),
            String(repeating: "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", count: 11),
        ]
    )
    func refused(body: String) {
        #expect(throws: ServiceError.self) { try parse(Array(body.utf8), cuts: []) }
    }

    private func form(_ body: String, type: String = "multipart/form-data; boundary=\"XX\"") -> Request {
        .testing(.post, "/", headers: ["Content-Type": type], text: body)
    }

    private static func part(_ name: String, _ value: String) -> String {
        "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }

    @Test("files go to the sink that their head and the fields before them choose; fields come back")
    func request() async throws {
        let sink = KeepingSink()
        let seen = Box<[String: String]>([:])
        let file = "--XX\r\nContent-Disposition: form-data; name=chunk; filename=blob\r\n\r\n0123\r\n"
        let fields = try await form(Self.part("before", "1") + file + Self.part("after", "é") + "--XX--\r\n")
            .multipart { head, fields in
                #expect(head.filename == "blob")
                seen.value = fields
                return sink
            }
        #expect(fields == ["before": "1", "after": "é"])
        #expect(seen.value == ["before": "1"])
        #expect(sink.text == "0123")
    }

    @Test("an unfinished form, a long field and another type are refused in words")
    func requestRefusals() async throws {
        func code(_ request: Request) async -> ServiceError.Code? {
            do {
                _ = try await request.multipart(fieldLimit: 5) { _, _ in CountingSink() }
                return nil
            } catch { return (error as? ServiceError)?.code }
        }
        #expect(await code(form(Self.part("a", "12345") + "--XX--")) == nil)
        #expect(await code(form(Self.part("a", "1234"))) == .invalidRequest)
        #expect(await code(form(Self.part("a", "123456") + "--XX--")) == .tooLarge)
        #expect(await code(form("", type: "application/json")) == .unsupportedMedia)
        #expect(await code(form("--XX--", type: "multipart/form-data")) == .invalidRequest)
        let long = "multipart/form-data; boundary=\(String(repeating: "x", count: 71))"
        #expect(await code(form("--XX--", type: long)) == .invalidRequest)
    }

    @Test(
        "a file that is sent without a filename is told what it needs",
        arguments: [[0xFF], [UInt8](repeating: 65, count: 6)]
    )
    func withoutFilename(bytes: [UInt8]) async {
        let head = "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"
        let request = Request.testing(
            .post,
            headers: ["Content-Type": "multipart/form-data; boundary=XX"],
            body: Array(head.utf8) + bytes + Array("\r\n--XX--".utf8)
        )
        let error = await #expect(throws: ServiceError.self) {
            try await request.multipart(fieldLimit: 5) { _, _ in CountingSink() }
        }
        #expect(error?.message.hasSuffix("A part with a file needs a filename.") == true)
    }

    @Test("a form cut by a lost connection: the file's bytes that arrived are in its sink")
    func cutForm() async throws {
        let sink = CountingSink()
        let outcome = Box("")
        try await withServer(handler: { request in
            do {
                _ = try await request.multipart { _, _ in sink }
            } catch BodyError.disconnected {
                outcome.value = "cut"
            }
            return .text("ok")
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request(
                    "POST",
                    "/",
                    ["Content-Type: multipart/form-data; boundary=XX", "Content-Length: 500000"]
                )
                try client.send("--XX\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n")
                try client.send([UInt8](repeating: 65, count: 150_000))
                client.finish()
            }
            await eventually { outcome.value == "cut" }
            #expect(sink.total == 150_000)
        }
    }
}
