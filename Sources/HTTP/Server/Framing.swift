/// What a request's head says about its body, once it has passed the rules.
///
/// Whatever two servers could read in two ways is refused (RFC 9112 section 11, request smuggling), because a proxy
/// may stand before this one.
struct Framing: Equatable, Sendable {
    var hasBody: Bool
    /// Nil for a chunked body.
    var declaredLength: Int64?
    /// Whether the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool

    /// Why a head is refused; the connection ends with the response.
    struct Refusal: Error, Equatable {
        let status: Status
        let code: String
        let message: String

        init(_ message: String, status: Status = .badRequest, code: String = "bad_framing") {
            self.status = status
            self.code = code
            self.message = message
        }

        var response: Response { .problem(status, code: code, message) }
    }

    /// `isOld`: HTTP/1.0, which knows neither `Host` nor chunks: health checks still speak it.
    init(_ method: HTTPMethod, _ headers: Headers, isOld: Bool) throws(Refusal) {
        guard !method.rawValue.isEmpty, method.rawValue.utf8.allSatisfy(ASCII.isToken) else {
            throw Refusal("The method is not a token.")
        }
        try Self.check(headers)
        try Self.checkHost(headers.all("Host"), isOld: isOld)
        let codings = headers.all("Transfer-Encoding")
        let lengths = headers.all("Content-Length")
        expectsContinue = try Self.expectation(headers.all("Expect"), isOld: isOld)
        guard codings.isEmpty else {
            guard lengths.isEmpty else { throw Refusal("Content-Length and Transfer-Encoding exclude each other.") }
            guard !isOld, codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw Refusal("The transfer coding must be chunked, once.")
            }
            (hasBody, declaredLength) = (true, nil)
            return
        }
        guard let length = lengths.first else {
            (hasBody, declaredLength) = (false, 0)
            return
        }
        guard lengths.count == 1 else { throw Refusal("There are several Content-Length fields.") }
        guard !length.isEmpty, length.utf8.allSatisfy(ASCII.isDigit), let bytes = Int64(length) else {
            throw Refusal("Content-Length is not a number.")
        }
        (hasBody, declaredLength) = (bytes > 0, bytes)
    }

    /// Names are tokens, values have no control characters.
    static func check(_ headers: Headers) throws(Refusal) {
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken) else {
                throw Refusal("A header name is not a token.")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == ASCII.tab }) else {
                throw Refusal("A header has a control character.")
            }
        }
    }

    private static func checkHost(_ hosts: [String], isOld: Bool) throws(Refusal) {
        guard hosts.count <= 1, isOld || hosts.count == 1 else {
            throw Refusal("There must be one Host field.")
        }
        for host in hosts where !host.utf8.allSatisfy(isHostByte) {
            throw Refusal("Host is not a host.")
        }
    }

    /// The bytes of RFC 3986's `host [":" port]`.
    static func isHostByte(_ byte: UInt8) -> Bool {
        if ASCII.isAlphanumeric(byte) { return true }
        switch byte {
        // ! $ % & ' ( ) * + , - . : ; = [ ] _ ~
        case 33, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 58, 59, 61, 91, 93, 95, 126: return true
        default: return false
        }
    }

    private static func expectation(_ fields: [String], isOld: Bool) throws(Refusal) -> Bool {
        guard let field = fields.first, !isOld else { return false }
        guard fields.count == 1, field.lowercased() == "100-continue" else {
            throw Refusal("The expectation is not known.", status: .expectationFailed, code: "expectation_failed")
        }
        return true
    }
}
