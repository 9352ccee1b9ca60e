internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension ServiceError {
    /// What a failed system call means to whoever stores objects.
    ///
    /// - Parameters:
    ///   - code: `errno`.
    ///   - what: the call and the object, for the log.
    init(errno code: Int32, _ what: String) {
        let detail = "\(what): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(.insufficientStorage, "There is no room left to store this.", detail: detail)
        case ENOENT:
            self.init(.notFound, "This object does not exist.", detail: detail)
        case ENOTDIR, EISDIR, ENOTEMPTY, EEXIST:
            self.init(.conflict, "An object and a folder cannot have the same name.", detail: detail)
        case EMFILE, ENFILE, ENOMEM:
            self.init(.unavailable, "The storage is busy.", detail: detail, retryAfter: .seconds(5))
        default:
            self.init(.internalFailure, "The storage failed.", detail: detail)
        }
    }
}

/// The result of a system call that is not negative, tried again when a signal interrupted it.
@discardableResult
func check<T: SignedInteger>(_ what: @autoclosure () -> String, _ call: () -> T) throws(ServiceError) -> T {
    while true {
        let result = call()
        if result >= 0 { return result }
        guard errno == EINTR else { throw ServiceError(errno: errno, what()) }
    }
}
