internal import Foundation

/// One chunk as `multipart/form-data` (RFC 7578), its number before its bytes so that the service places it at once.
struct ChunkForm: Sendable {
    let contentType: String
    let body: Data

    init(number: Int, total: Int, bytes: Data, boundary: String = "telecine-\(UUID().uuidString)") {
        var body = Data(capacity: bytes.count + 512)
        for (name, value) in [("chunkNumber", number), ("totalChunks", total)] {
            body.append(
                contentsOf: "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
            )
        }
        body.append(
            contentsOf: """
                --\(boundary)\r\nContent-Disposition: form-data; name="chunk"; filename="chunk-\(number)"\r\n\
                Content-Type: application/octet-stream\r\n\r\n
                """.utf8
        )
        body.append(bytes)
        body.append(contentsOf: "\r\n--\(boundary)--\r\n".utf8)
        self.body = body
        contentType = "multipart/form-data; boundary=\(boundary)"
    }
}
