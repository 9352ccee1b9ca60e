package import Core
internal import SQL

extension ServiceError {
    /// What a client is told when the database refuses for a cause that passes; nil for other errors.
    package init?(passing error: any Error) {
        guard let error = error as? SQLError else { return nil }
        switch error.kind {
        case .full:
            self.init(
                .insufficientStorage,
                "The server's disk is full. Nothing that was acknowledged is lost: try again when there is room.",
                detail: String(reflecting: error),
                retryAfter: .seconds(60)
            )
        case .readOnly:
            self.init(
                .unavailable,
                "The server may not write to its database: whoever runs it must give it the permission back. "
                    + "Nothing that was acknowledged is lost: try again later.",
                detail: String(reflecting: error),
                retryAfter: .seconds(60)
            )
        case .busy:
            self.init(
                .unavailable,
                "The server is busy. Try again.",
                detail: String(reflecting: error),
                retryAfter: .seconds(1)
            )
        default: return nil
        }
    }
}
