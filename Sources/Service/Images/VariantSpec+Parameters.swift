internal import Core
internal import Media

extension VariantSpec {
    /// What an owner asks for by name: `width`, `height`, `fit`, `format`, `quality`, `expiresIn`.
    ///
    /// `lifetime`: seconds that the link lasts when nothing is said of it.
    ///
    /// Throws `.invalidRequest` that names the parameter.
    package init(version: Int, lifetime: Int, _ parameter: (String) -> String?) throws {
        func number(_ name: String) throws -> Int? {
            guard let text = parameter(name) else { return nil }
            guard let value = Int(text) else {
                throw ServiceError(.invalidRequest, "\(name) must be a whole number.", field: name)
            }
            return value
        }
        func word(_ name: String, of words: [String]) throws -> String {
            let text = parameter(name) ?? words[0]
            guard words.contains(text) else {
                let list = words.joined(separator: ", ")
                throw ServiceError(.invalidRequest, "\(name) must be one of \(list).", field: name)
            }
            return text
        }
        let fit = try word("fit", of: ImageVariant.Fit.allCases.map(\.rawValue))
        let format = try word("format", of: ["auto"] + Self.formats.map(\.rawValue))
        let expires: Timestamp? =
            if parameter("expiresIn") == "never" { nil } else { try Self.expiry(try number("expiresIn") ?? lifetime) }
        try self.init(
            version: version,
            width: try number("width"),
            height: try number("height"),
            fit: ImageVariant.Fit(rawValue: fit) ?? .contain,
            quality: try number("quality") ?? 80,
            encoding: ImageFormat(rawValue: format).map(Encoding.fixed) ?? .auto,
            expires: expires
        )
    }

    /// Rounded up to a quarter of an hour, so that the same link comes out again and is cached.
    private static func expiry(_ seconds: Int) throws -> Timestamp {
        guard (60...31_622_400).contains(seconds) else {
            throw ServiceError(
                .invalidRequest,
                "expiresIn must be \"never\" or 60 to 31622400 seconds.",
                field: "expiresIn"
            )
        }
        return Timestamp(seconds: (Timestamp.now.seconds + Int64(seconds) + 899) / 900 * 900)
    }
}
