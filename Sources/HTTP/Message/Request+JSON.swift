#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import Core

extension Request {
    /// Decodes a JSON body.
    ///
    /// A missing `Content-Type` is accepted; a declared one must be JSON.
    ///
    /// `limit`: bytes of the body, 1 MiB unless told.
    ///
    /// `orText`: whether JSON that is called `text/plain` is read too; a page's `sendBeacon` calls it so.
    ///
    /// Throws `ServiceError(.unsupportedMedia)` for another declared type; `.tooLarge`; `.invalidRequest` whose `field`
    /// names the path to the wrong value (`metadata.title`, `tags[2]`) and whose message says what was expected there, or
    /// that objects and lists stand more than 16 deep within each other.
    package func json<Value: Decodable>(as type: Value.Type = Value.self, limit: Int = 1 << 20, orText: Bool = false)
        async throws
        -> Value
    {
        let declared = headers["Content-Type"].map(MediaType.init)
        if let declared, !declared.isJSON, !(orText && declared.essence == "text/plain") {
            throw ServiceError(.unsupportedMedia, "The request body must be JSON (Content-Type: application/json).")
        }
        let bytes = try await body.collect(upTo: limit)
        guard !bytes.isEmpty else {
            throw ServiceError(.invalidRequest, "The request body is empty; JSON is expected.")
        }
        guard Self.depth(ofJSON: bytes) <= Self.deepest else {
            throw ServiceError(
                .invalidRequest,
                "The request body has objects or lists within each other more than \(Self.deepest) deep."
            )
        }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw Self.unfitNumber(in: bytes, for: type, error) ?? Self.explained(error)
        }
    }

    /// How far objects and lists may stand within each other.
    ///
    /// For every value that is not of the first kind that is tried, the decoder writes down the path to it, in time that
    /// grows with the square of the depth: 3 KiB that are 500 deep cost 9 s, 64 KiB minutes.
    private static let deepest = 16

    /// The most brackets that are open at once, those within strings left out.
    private static func depth(ofJSON bytes: [UInt8]) -> Int {
        var depth = 0
        var most = 0
        var isString = false
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                isEscaped = false
            } else if isString {
                if byte == UInt8(ascii: "\"") { isString = false } else { isEscaped = byte == UInt8(ascii: "\\") }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    most = max(most, depth)
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
            }
        }
        return most
    }

    /// Foundation reports a number that does not fit its integer type (1.5, 1e30) as corrupted data, without its field.
    ///
    /// Of the numbers that are no integers, the one is named that still fails when all others are 0: a field beside it
    /// may well be a fraction.
    private static func unfitNumber(
        in bytes: [UInt8],
        for type: any Decodable.Type,
        _ error: DecodingError
    ) -> ServiceError? {
        guard Self.hidesItsField(error),
            let members = try? JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
        else { return nil }
        let fractions = members.filter { if case .number = $0.value { true } else { false } }
        let unfit = fractions.keys.sorted().prefix(mostFractions).first { field in
            let others = members.merging(fractions.mapValues { _ in 0 }) { $1 }
            let alone = others.merging([field: members[field] ?? .null]) { $1 }
            do {
                _ = try JSONDecoder().decode(type, from: JSONEncoder().encode(alone))
                return false
            } catch {
                return (error as? DecodingError).map(Self.hidesItsField) ?? false
            }
        }
        guard let field = unfit else { return nil }
        return ServiceError(.invalidRequest, "\(field) must be a whole number in range.", field: field)
    }

    /// How many fields are tried: every one is another run of the decoder.
    private static let mostFractions = 16

    private static func hidesItsField(_ error: DecodingError) -> Bool {
        if case .dataCorrupted(let context) = error { context.codingPath.isEmpty } else { false }
    }

    /// Decodes an `application/x-www-form-urlencoded` body.
    ///
    /// - Throws: as ``json(as:limit:)``.
    package func form(limit: Int = 64 << 10) async throws -> QueryItems {
        if let declared = headers["Content-Type"],
            MediaType(declared).essence != "application/x-www-form-urlencoded"
        {
            throw ServiceError(.unsupportedMedia, "The request body must be an URL-encoded form.")
        }
        return QueryItems(parsing: String(decoding: try await body.collect(upTo: limit), as: UTF8.self))
    }

    private static func explained(_ error: DecodingError) -> ServiceError {
        switch error {
        case .keyNotFound(let key, let context):
            let field = path(context.codingPath + [key])
            return ServiceError(.invalidRequest, "\(field) is missing.", field: field)
        case .typeMismatch(let type, let context):
            return wrong(context, "must be \(expectation(type))")
        case .valueNotFound(let type, let context):
            return wrong(context, "must be \(expectation(type)), not null")
        case .dataCorrupted(let context):
            if context.codingPath.isEmpty {
                return ServiceError(.invalidRequest, "The request body is not valid JSON.", detail: "\(context)")
            }
            return wrong(context, "is not valid: \(context.debugDescription)")
        @unknown default:
            return ServiceError(.invalidRequest, "The request body is not valid JSON.", detail: "\(error)")
        }
    }

    private static func wrong(_ context: DecodingError.Context, _ words: String) -> ServiceError {
        guard !context.codingPath.isEmpty else {
            return ServiceError(.invalidRequest, "The request body \(words).", detail: context.debugDescription)
        }
        let field = path(context.codingPath)
        return ServiceError(.invalidRequest, "\(field) \(words).", detail: context.debugDescription, field: field)
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }

    private static func expectation(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        default:
            // Decoders report containers as `[Any]` and `[String: Any]`, whatever their elements.
            "\(type)".hasPrefix("Dictionary")
                ? "an object" : "\(type)".hasPrefix("Array") ? "a list" : "of another kind"
        }
    }
}

/// A `Content-Type`, taken apart (RFC 9110 section 8.3.1).
struct MediaType: Sendable {
    /// `type/subtype` in lower case.
    let essence: String
    private let parameters: [(name: String, value: String)]

    init(_ text: String) {
        var fields = ParameterList(text)
        essence = fields.head.lowercased()
        var parameters: [(name: String, value: String)] = []
        while let parameter = fields.next() { parameters.append(parameter) }
        self.parameters = parameters
    }

    /// A parameter's value; names compare without case.
    func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    var isJSON: Bool {
        essence == "application/json" || essence == "text/json"
            || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }
}
