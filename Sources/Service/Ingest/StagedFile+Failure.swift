internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the system's refusals mean to a client: what was acknowledged is kept, and what to do.
extension StagedFile {
    /// The path stays in the log.
    static func failure(_ call: String, _ code: Int32, _ path: String) -> ServiceError {
        let detail = "\(call) \(path): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT, EFBIG: return noRoom(detail)
        case EACCES, EPERM, EROFS:
            return ServiceError(
                .unavailable,
                "The server may not write to its folder for uploads: whoever runs it must give it the permission back. "
                    + "Nothing that was acknowledged is lost: try again later.",
                detail: detail,
                retryAfter: .seconds(60)
            )
        case ENOENT:
            return ServiceError(
                .unavailable,
                "The bytes received so far were removed on the server's disk. The upload goes on: ask how far it is, "
                    + "and send what is missing.",
                detail: detail,
                retryAfter: .seconds(1)
            )
        case EMFILE, ENFILE, ENOMEM:
            return ServiceError(
                .unavailable,
                "The server is busy. Nothing that was acknowledged is lost: try again.",
                detail: detail,
                retryAfter: .seconds(5)
            )
        default:
            return ServiceError(.internalFailure, "The server could not store the bytes. Try again.", detail: detail)
        }
    }

    static func noRoom(_ detail: String) -> ServiceError {
        ServiceError(
            .insufficientStorage,
            "The server's disk is full. Nothing that was acknowledged is lost: try again when there is room.",
            detail: detail,
            retryAfter: .seconds(60)
        )
    }
}
