/// A failure that a user may read about.
///
/// `message` is for the public; `detail` is for the log and never leaves the house. The HTTP status
/// belongs to the dialect that renders the error.
package struct ServiceError: Error, Sendable {
    /// What went wrong, as a stable word.
    ///
    /// The raw value is part of the public contract (`code` in problem JSON).
    package enum Code: String, Sendable, CaseIterable {
        case invalidRequest = "invalid_request"
        case unauthenticated = "unauthenticated"
        case tokenExpired = "token_expired"
        case forbidden = "forbidden"
        case notFound = "not_found"
        case conflict = "conflict"
        case gone = "gone"
        case tooLarge = "too_large"
        case unsupportedMedia = "unsupported_media"
        case hashMismatch = "hash_mismatch"
        case offsetMismatch = "offset_mismatch"
        case lengthMismatch = "length_mismatch"
        case locked = "locked"
        case tooManyRequests = "too_many_requests"
        case notReady = "not_ready"
        case insufficientStorage = "insufficient_storage"
        case unavailable = "unavailable"
        case internalFailure = "internal_failure"
    }

    package let code: Code
    package let message: String
    package let detail: String
    /// The request's field that is wrong, when one is.
    package let field: String?
    /// When to try again, for `tooManyRequests` and `unavailable`.
    package let retryAfter: Duration?

    package init(
        _ code: Code,
        _ message: String,
        detail: String = "",
        field: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.detail = detail
        self.field = field
        self.retryAfter = retryAfter
    }
}

extension ServiceError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "\(code.rawValue): \(message)" }
    package var debugDescription: String { detail.isEmpty ? description : "\(description) [\(detail)]" }
}
