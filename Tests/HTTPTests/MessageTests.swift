import Core
import Testing

@testable import HTTP

@Suite("Messages")
struct MessageTests {
    private struct Upload: Decodable {
        struct Meta: Decodable { let title: String }
        let filename: String
        let fileSize: Int
        let aspect: Double?
        let ratio: Double?
        let isPublic: Bool?
        let metadata: Meta?
        let tags: [String]?
    }

    private func failure(_ json: String, type: String? = "application/json") async -> ServiceError? {
        var headers: Headers = [:]
        headers["Content-Type"] = type
        do {
            _ = try await Request.testing(.post, "/", headers: headers, text: json).json(as: Upload.self, limit: 200)
            return nil
        } catch { return error as? ServiceError }
    }

    @Test(
        "a wrong value is named with what was expected",
        arguments: [
            (#"{"fileSize": 1}"#, "filename", "filename is missing."),
            (#"{"filename": 1, "fileSize": 1}"#, "filename", "filename must be text."),
            (#"{"filename": "a", "fileSize": "1"}"#, "fileSize", "fileSize must be a whole number."),
            (#"{"filename": null, "fileSize": 1}"#, "filename", "filename must be text, not null."),
            (#"{"filename": "a", "fileSize": 1, "isPublic": 1}"#, "isPublic", "isPublic must be true or false."),
            (#"{"filename": "a", "fileSize": 1, "ratio": "x"}"#, "ratio", "ratio must be a number."),
            (#"{"filename": "a", "fileSize": 1, "metadata": {}}"#, "metadata.title", "metadata.title is missing."),
            (#"{"filename": "a", "fileSize": 1, "metadata": 5}"#, "metadata", "metadata must be an object."),
            (#"{"filename": "a", "fileSize": 1, "tags": {}}"#, "tags", "tags must be a list."),
            (#"{"filename": "a", "fileSize": 1, "tags": ["a", 1]}"#, "tags[1]", "tags[1] must be text."),
            (
                #"{"aspect": 1.5, "filename": "a", "fileSize": 1e30, "ratio": 0.5}"#, "fileSize",
                "fileSize must be a whole number in range."
            ),
        ]
    )
    func fields(json: String, field: String, message: String) async {
        let error = await failure(json)
        #expect(error?.code == .invalidRequest)
        #expect(error?.field == field)
        #expect(error?.message == message)
    }

    @Test("JSON is taken with its type or without, but with no other")
    func types() async {
        let good = #"{"filename": "a", "fileSize": 1, "unknown": []}"#
        for type in ["application/json; charset=utf-8", "application/problem+json", "Application/JSON", nil] {
            #expect(await failure(good, type: type) == nil)
        }
        #expect(await failure(good, type: "text/plain")?.code == .unsupportedMedia)
        #expect(await failure("{", type: nil)?.message == "The request body is not valid JSON.")
        #expect(await failure("", type: nil)?.code == .invalidRequest)
        #expect(await failure("[1]")?.message == "The request body must be an object.")
        #expect(await failure(good + String(repeating: " ", count: 200))?.code == .tooLarge)
    }

    @Test("JSON that is nested without measure is refused before it is decoded; brackets within text do not count")
    func nesting() async throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"a":["#, count: levels / 2) + String(repeating: "]}", count: levels / 2)
        }
        func read(_ text: String) async throws {
            _ = try await Request.testing(.post, "/", text: text).json(as: [String: JSONValue].self)
        }
        try await read(nested(16))
        try await read(#"{"a": "\#(String(repeating: #"[{\"\\"#, count: 50))"}"#)
        let error = await #expect(throws: ServiceError.self) { try await read(nested(18)) }
        #expect(error?.code == .invalidRequest && error?.message.contains("16 deep") == true)
    }

    @Test("a form and a query are decoded alike")
    func forms() async throws {
        let text = "a=1&b=x+y%20z&a=2&empty=&flag&bad=%zz&utf=%C3%A9"
        let form = try await Request.testing(
            .post,
            "/",
            headers: ["Content-Type": "application/x-www-form-urlencoded"],
            text: text
        ).form()
        for items in [form, Request.testing(.get, "/p?\(text)").query] {
            #expect(items.all("a") == ["1", "2"])
            #expect(items.first("b") == "x y z")
            #expect(items.first("empty") == "" && items.first("flag") == "")
            #expect(items.first("bad") == "%zz")
            #expect(items.first("utf") == "é")
            #expect(items.first("none") == nil)
        }
    }

    @Test("cookies are found by name")
    func cookies() {
        let request = Request.testing(.get, "/", headers: ["Cookie": "a=1; session=\"x=y\"; a=2;bare"])
        #expect(request.cookies("a") == "1")
        #expect(request.cookies("session") == "x=y")
        #expect(request.cookies("bare") == nil)
    }

    @Test("headers compare without case, and no value begins another line")
    func headers() {
        var headers: Headers = ["X-One": "1"]
        headers.add("x-one", "2\r\nSet-Cookie: evil")
        #expect(headers["X-ONE"] == "1")
        #expect(headers.all("x-One") == ["1", "2  Set-Cookie: evil"])
        headers["X-oNe"] = "3"
        #expect(headers.all("X-One") == ["3"])
        headers["X-One"] = nil
        #expect(headers.isEmpty)
    }

    @Test("gzip is used where it is accepted and worth it, and its tag still matches")
    func gzip() async throws {
        let text = String(repeating: "#EXTINF:6.0,\nsegment.m4s\n", count: 100)
        var plain = Response.bytes(Array(text.utf8), contentType: "application/vnd.apple.mpegurl")
        plain.headers["ETag"] = "\"v1\""
        for accepted in ["gzip", "br, gzip;q=0.5", "*"] {
            let packed = plain.gzipped(for: .testing(.get, "/", headers: ["Accept-Encoding": accepted]))
            #expect(packed.headers["Content-Encoding"] == "gzip")
            #expect(packed.headers["ETag"] == "W/\"v1\"")
            #expect(try await packed.body.collect().prefix(2) == [0x1F, 0x8B])
            #expect(packed.headers["Vary"] == "Accept-Encoding")
        }
        for refused in ["br", "gzip;q=0", "*, gzip;q=0", "identity"] {
            let same = plain.gzipped(for: .testing(.get, "/", headers: ["Accept-Encoding": refused]))
            #expect(same.headers["Content-Encoding"] == nil)
            #expect(same.headers["Vary"] == "Accept-Encoding")
        }
        let video = Response.bytes(Array(text.utf8), contentType: "video/mp4")
        #expect(video.gzipped(for: .testing(.get, "/", headers: ["Accept-Encoding": "gzip"])).headers["Vary"] == nil)
        let again = plain.conditional(for: .testing(.get, "/", headers: ["If-None-Match": "W/\"v1\""]))
        #expect(again.status == .notModified)
    }

    @Test("static content: whole, packed, unchanged, and parts of it")
    func staticContent() async throws {
        let bytes = Array(String(repeating: "body { color: red }\n", count: 100).utf8)
        let content = StaticContent(bytes, contentType: "text/css")
        let whole = content.response(for: .testing())
        #expect(try await whole.body.collect() == bytes)
        let packed = content.response(for: .testing(.get, "/", headers: ["Accept-Encoding": "gzip"]))
        #expect(packed.headers["Content-Encoding"] == "gzip")
        for response in [whole, packed] {
            let tag = try #require(response.headers["ETag"])
            let again = content.response(
                for: .testing(.get, "/", headers: ["If-None-Match": tag, "Accept-Encoding": "gzip"])
            )
            #expect(again.status == .notModified)
        }
        let part = content.response(
            for: .testing(.get, "/", headers: ["Range": "bytes=0-3", "Accept-Encoding": "gzip"])
        )
        #expect(part.status == .partialContent)
        #expect(try await part.body.collect() == Array("body".utf8))
    }
}
