/// An error as the service tells it: `application/problem+json` (RFC 9457), with `error` for the contracts' clients.
public struct Problem: Codable, Hashable, Sendable {
    /// The kind of problem, `about:blank` when the status says it all.
    public let type: String?
    /// The status in words.
    public let title: String?
    /// The HTTP status.
    public let status: Int?
    /// What went wrong, in a sentence.
    public let detail: String?
    /// The same sentence, where the contracts' clients look for it.
    public let error: String?
    /// What went wrong, as a stable word.
    public let code: String?
    /// The field of the request that is wrong, when one is.
    public let field: String?

    /// A problem to tell.
    public init(
        type: String? = nil,
        title: String? = nil,
        status: Int? = nil,
        detail: String? = nil,
        error: String? = nil,
        code: String? = nil,
        field: String? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.error = error
        self.code = code
        self.field = field
    }

    /// The sentence for the user.
    public var message: String? { detail ?? error ?? title }
}
