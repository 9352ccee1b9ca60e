/// Responses written by ourselves, where the engine cannot send one: in the middle of a body, and before there is a
/// connection of the engine's.
enum RawResponse {
    /// A status line and headers.
    static func head(_ status: Status, _ headers: Headers, extra: String) -> [UInt8] {
        var text = "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + extra + "\r\n").utf8)
    }

    /// The whole of a small response, after which the connection ends.
    ///
    /// A body that is not in memory is left out.
    static func bytes(of response: Response) -> [UInt8] {
        var body: [UInt8] = []
        switch response.body {
        case .bytes(let bytes): body = bytes
        case .shared(let bytes, let range): body = Array(bytes.pointer[range])
        default: break
        }
        return head(response.status, response.headers, extra: "Content-Length: \(body.count)\r\nConnection: close\r\n")
            + body
    }
}
