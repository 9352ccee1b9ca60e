import Core
import Foundation

@testable import API
@testable import Crypto
@testable import HTTP
@testable import Media
@testable import Service

enum MultipartTarget {
    /// What a parser found; text for comparing, bounded like the body.
    private final class Recorder: MultipartConsumer {
        var events: [UInt8] = []
        var open = 0

        func partBegan(_ head: PartHead) {
            open += 1
            events += Array("<\(head.name)|\(head.filename ?? "-")|\(head.contentType ?? "-")>".utf8)
            check(!(head.filename ?? "").contains("/"), "a filename is never a path")
        }
        func partData(_ bytes: UnsafeRawBufferPointer) { events += bytes }
        func partEnded() {
            open -= 1
            check(open == 0, "parts end once")
            events += Array("</>".utf8)
        }
    }

    static func run(_ bytes: [UInt8]) {
        let size = max(1, Int(bytes.first ?? 1))
        let body = Array(bytes.dropFirst())
        let whole = read(body, pieces: max(1, body.count))
        let cut = read(body, pieces: size)
        check(whole == cut, "a form is read the same however it is cut")
    }

    private static func read(_ body: [UInt8], pieces: Int) -> [UInt8] {
        var parser = MultipartParser(boundary: "XX", partLimit: 16)
        let recorder = Recorder()
        do {
            for start in stride(from: 0, to: body.count, by: pieces) {
                try body[start..<min(start + pieces, body.count)].withUnsafeBytes { try parser.feed($0, recorder) }
            }
            if !parser.isComplete { return [] }
        } catch {
            // Where it is refused may differ; that it is may not.
            return []
        }
        return recorder.events
    }
}

enum HeadTarget {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let target = try? RequestTarget(parsing: text) {
            for segment in target.segments {
                let names = segment.split(separator: "/")
                check(!names.contains(".."), "no segment leads upwards")
                check(!segment.utf8.contains(0), "no segment has a NUL")
            }
            _ = target.query.first("a")
        }
        _ = QueryItems(parsing: text)
        for length: Int64 in [0, 1, 1000, .max] {
            if case .part(let range) = ByteRange(text, length: length) {
                check(range.lowerBound >= 0 && range.upperBound <= length && !range.isEmpty, "a part lies within")
            }
        }
        _ = HTTPDate.seconds(text)
        _ = MediaType(text).parameter("boundary")
        let headers: Headers = ["If-None-Match": text, "If-Match": text, "If-Range": text, "If-Modified-Since": text]
        let request = Request.testing(.get, "/", headers: headers)
        let validators = Validators(etag: "\"a\"", modified: 0)
        _ = validators.verdict(request)
        _ = validators.allowsRange(request)
        frame(text)
    }
}

extension HeadTarget {
    private static let proxies = ClientAddress(trustedProxies: [AddressRange("127.0.0.0/8")].compactMap { $0 })

    /// The text as lines of a head.
    private static func frame(_ text: String) {
        var headers = Headers()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            headers.add(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        if let framing = try? Framing(HTTPMethod(rawValue: "POST"), headers, isOld: false) {
            check((framing.declaredLength ?? 0) >= 0, "a length is not negative")
            check(headers.all("Transfer-Encoding").isEmpty || headers.all("Content-Length").isEmpty, "one framing")
        }
        check(!proxies.of(.testing(.get, "/", headers: headers)).isEmpty, "a request comes from somewhere")
        _ = RequestID.accepted(text)
    }
}

enum TusTarget {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (try? TusMetadata(parsing: text))?.text("filename")
        _ = try? TusConcat(parsing: text)
        _ = try? TusChecksum.parse(text)
    }
}

enum TokensTarget {
    private static let links = StreamKeys(secrets: [[UInt8](repeating: 7, count: 32)])
    private static let bearers = (try? JWTKey(secret: [UInt8](repeating: 7, count: 32))).map { JWTKeys(current: $0) }

    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let token = links.verify(text) { check(links.sign(token) == text, "only what we signed is a link") }
        let claims = try? bearers?.verify(text, issuer: nil, audience: nil, now: 0)
        check(claims == nil, "only what we signed is a token")
        _ = UploadID(parsing: text)
        _ = AssetID(parsing: text)
        _ = AddressRange(text)?.contains(text)
        if let decoded = Base64.decode(text) { check(Base64.encode(decoded) == text, "each byte string has one text") }
        if let decoded = Base64.decodeURLSafe(text) {
            check(Base64.encodeURLSafe(decoded) == text, "each byte string has one text")
        }
        if let decoded = Hex.decode(text) { check(Hex.encode(decoded) == text.lowercased(), "hex has one text") }
    }
}

enum JSONTarget {
    static func run(_ bytes: [UInt8]) {
        if let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)),
            let written = try? JSONEncoder().encode(value)
        {
            check((try? JSONDecoder().decode(JSONValue.self, from: written)) != nil, "what was written can be read")
        }
        if let profile = try? Profile.parse(bytes, file: "fuzz.json", name: "fuzz") {
            check((16...8192).contains(profile.width), "a profile keeps its limits")
        }
    }
}
