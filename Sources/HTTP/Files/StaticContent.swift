/// Bytes that never change while the process runs: pages, scripts, pictures of the interface.
///
/// Its gzip form is made once; its `ETag` follows from the bytes.
package struct StaticContent: Sendable {
    private let bytes: SharedBytes
    private let packed: SharedBytes?
    private let contentType: String
    private let cacheControl: String
    private let etag: String

    /// `cacheControl`: browsers ask again each time unless told otherwise, and get 304.
    package init(_ bytes: [UInt8], contentType: String, cacheControl: String = "no-cache") {
        self.bytes = SharedBytes(bytes)
        self.contentType = contentType
        self.cacheControl = cacheControl
        let worthwhile = bytes.count >= 512 && Gzip.isWorthwhile(contentType)
        let packed = worthwhile ? Gzip.compress(bytes, level: 9) : nil
        self.packed = packed.flatMap { $0.count < bytes.count ? SharedBytes($0) : nil }
        etag = "\"\(String(Self.fingerprint(bytes), radix: 16))-\(String(bytes.count, radix: 16))\""
    }

    /// 200 with the bytes or a range of them, or 304.
    package func response(for request: Request) -> Response {
        if let packed, Gzip.isAccepted(request), request.headers["Range"] == nil {
            var response = Response(
                headers: [
                    "Content-Type": contentType, "Content-Encoding": "gzip", "Cache-Control": cacheControl,
                    "ETag": "W/" + etag,
                ],
                body: .shared(packed, 0..<packed.count)
            )
            response.headers.add("Vary", "Accept-Encoding")
            return response.conditional(for: request)
        }
        var response = FileResponse.make(
            for: request,
            bytes: bytes,
            contentType: contentType,
            cacheControl: cacheControl,
            etag: etag
        )
        if packed != nil { response.headers.add("Vary", "Accept-Encoding") }
        return response
    }

    /// FNV-1a, 64 bits: tells versions of our own files apart; nothing depends on it against an enemy.
    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
