internal import CZlib

extension Response {
    /// The response compressed with gzip, when the client accepts that and it is worth it.
    ///
    /// Text, JSON, playlists, SVG of at least 512 bytes; other responses stay as they are. A strong `ETag` becomes
    /// weak, because it stands for other bytes now; `If-None-Match` still matches it.
    package func gzipped(for request: Request) -> Response {
        guard status == .ok, headers["Content-Encoding"] == nil,
            let type = headers["Content-Type"], Gzip.isWorthwhile(type)
        else { return self }
        var response = self
        response.headers.add("Vary", "Accept-Encoding")
        let bytes: [UInt8]
        switch body {
        case .bytes(let whole): bytes = whole
        case .shared(let shared, let range): bytes = Array(shared.pointer[range])
        default: return response
        }
        guard bytes.count >= 512, Gzip.isAccepted(request), let packed = Gzip.compress(bytes),
            packed.count < bytes.count
        else { return response }
        response.body = .bytes(packed)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Accept-Ranges"] = nil
        if let etag = headers["ETag"], !etag.hasPrefix("W/") { response.headers["ETag"] = "W/" + etag }
        return response
    }
}

/// gzip (RFC 1952) of whole bodies.
enum Gzip {
    static func compress(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8]? {
        var stream = z_stream()
        guard czlib_deflate_init_gzip(&stream, level) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return bytes.withUnsafeBufferPointer { source -> [UInt8]? in
            [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                // zlib does not write to its input; its type predates const.
                stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
            }
        }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether `Accept-Encoding` allows gzip with a weight above zero (RFC 9110 section 12.5.3).
    static func isAccepted(_ request: Request) -> Bool {
        var any = false
        for header in request.headers.all("Accept-Encoding") {
            for item in header.split(separator: ",") {
                let list = ParameterList(String(item))
                let coding = list.head.lowercased()
                guard coding == "gzip" || coding == "x-gzip" || coding == "*" else { continue }
                let weight = list.first { $0.name == "q" }.flatMap { Double($0.value) } ?? 1
                // What is named beats the star.
                if coding != "*" { return weight > 0 }
                any = weight > 0
            }
        }
        return any
    }

    static func isWorthwhile(_ contentType: String) -> Bool {
        let type = MediaType(contentType)
        if type.essence == "text/event-stream" { return false }
        return type.essence.hasPrefix("text/") || type.isJSON || type.essence.hasSuffix("+xml")
            || [
                "application/javascript", "application/xml", "application/vnd.apple.mpegurl", "application/x-mpegurl",
                "application/manifest+json", "image/svg+xml",
            ].contains(type.essence)
    }
}
