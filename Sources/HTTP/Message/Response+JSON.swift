#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension Response {
    /// A value as `application/json`, slashes unescaped, keys as the value's coding keys have them.
    package static func json(_ value: some Encodable, status: Status = .ok) throws -> Response {
        json(encoded: try JSONText.encode(value), status: status)
    }

    /// JSON that a dialect's own encoder has written.
    package static func json(encoded: [UInt8], status: Status = .ok) -> Response {
        bytes(encoded, contentType: "application/json", status: status)
    }
}

enum JSONText {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
