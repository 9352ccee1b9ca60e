internal import Core
public import Foundation

/// Why a call to the service did not do what was asked, in a sentence for the user.
public struct TelecineError: LocalizedError, Hashable, Sendable {
    /// What kind of trouble it is.
    public enum Kind: Hashable, Sendable {
        /// No answer came: no network, no such host, nobody listening.
        case unreachable
        /// The service refused, with this HTTP status.
        case refused(status: Int)
        /// The answer is not what the service says.
        case unexpectedAnswer
        /// The file cannot be read.
        case unreadableFile
        /// The file is not the one that the upload began with.
        case changedFile
        /// The service could not use the file.
        case failedUpload
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The service's own words where it spoke.
    public let message: String
    /// The service's stable word for it: `too_large`.
    public let code: String?
    /// The request's field that is wrong, when one is.
    public let field: String?
    /// When the service asks to be tried again.
    public let retryAfter: Duration?

    /// An error with its sentence.
    public init(
        _ kind: Kind,
        _ message: String,
        code: String? = nil,
        field: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.message = message
        self.code = code
        self.field = field
        self.retryAfter = retryAfter
    }

    /// The sentence for the user.
    public var errorDescription: String? { message }

    /// Whether the same call may well succeed in a moment.
    public var isTransient: Bool {
        switch kind {
        case .unreachable: true
        case .refused(let status): [408, 423, 425, 429, 500, 502, 503, 504].contains(status)
        default: false
        }
    }
}

extension TelecineError: CustomStringConvertible {
    /// The sentence for the user.
    public var description: String { message }
}

extension TelecineError {
    /// A refusal in the service's own words, wherever its body has them.
    init(status: Int, body: Data, retryAfter: String?) {
        let problem = try? JSONDecoder().decode(Problem.self, from: body)  // Proxies answer in HTML.
        self.init(
            .refused(status: status),
            problem?.message ?? "The service answered \(status).",
            code: problem?.code,
            field: problem?.field,
            retryAfter: retryAfter.flatMap { Int64($0.trimmingCharacters(in: .whitespaces)) }
                .map { .seconds(min(max($0, 0), 3600)) }
        )
    }
}
