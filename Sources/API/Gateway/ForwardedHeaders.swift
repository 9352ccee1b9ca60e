internal import HTTP
internal import HTTPClient

/// What passes a gateway: all but what belongs to one connection (RFC 9110 section 7.6.1).
enum ForwardedHeaders {
    private static let ofConnection: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]
    /// Said anew by each side for itself.
    private static let ofMessage: Set<String> = ["content-length", "expect", "x-request-id"]

    /// `isChunked`: then fields may follow the body, and `Trailer` tells which.
    static func ofRequest(_ headers: Headers, isChunked: Bool) -> [HeaderField] {
        var left = ofConnection.union(ofMessage).union(listed(in: headers.all("Connection")))
        if isChunked { left.remove("trailer") }
        return headers.filter { !left.contains($0.name.lowercased()) }
    }

    static func ofResponse(_ fields: [HeaderField]) -> Headers {
        let named = listed(in: fields.filter { $0.name.lowercased() == "connection" }.map(\.value))
        // The server that sends it says the date.
        let left = ofConnection.union(ofMessage).union(named).union(["date"])
        var headers = Headers()
        for (name, value) in fields where !left.contains(name.lowercased()) { headers.add(name, value) }
        return headers
    }

    private static func listed(in values: [String]) -> Set<String> {
        Set(values.flatMap { $0.split(whereSeparator: { ", \t".contains($0) }) }.map { $0.lowercased() })
    }
}
