package import Core

/// A problem document of RFC 9457, with `error` beside it: the clients of four contracts read that.
private struct Problem: Encodable {
    var type = "about:blank"
    let title: String
    let status: Int
    let detail: String
    let code: String
    let error: String
    let field: String?
}

extension Response {
    /// An error as `application/problem+json`: `type, title, status, detail, code, error`, and `field` when set.
    package static func problem(_ error: ServiceError) -> Response {
        var response = problem(error.code.status, code: error.code.rawValue, error.message, field: error.field)
        if let delay = error.retryAfter {
            // Rounded up: a client that comes at the stated second must not be early.
            let seconds = delay.components.seconds + (delay.components.attoseconds > 0 ? 1 : 0)
            response.headers["Retry-After"] = String(max(1, seconds))
        }
        return response
    }

    /// A problem document for what no `ServiceError` names.
    package static func problem(_ status: Status, code: String, _ detail: String, field: String? = nil) -> Response {
        let problem = Problem(
            title: status.reason,
            status: status.rawValue,
            detail: detail,
            code: code,
            error: detail,
            field: field
        )
        // Encoding five strings and a number does not fail; an empty object is still a problem document.
        let bytes = (try? JSONText.encode(problem)) ?? Array("{}".utf8)
        return Response(
            status,
            headers: ["Content-Type": "application/problem+json", "Cache-Control": "no-store"],
            body: .bytes(bytes)
        )
    }

    /// Any error, for the public: a `ServiceError` in its own words, everything else as a bare 500.
    ///
    /// What the public may not read goes to the log.
    package static func rendering(_ error: any Error, logger: Logger) -> Response {
        switch error {
        case let error as ServiceError:
            if error.code.status.rawValue >= 500 {
                logger.error("request failed", ["error": .string(error.debugDescription)])
            }
            return problem(error)
        case BodyError.disconnected(let received):
            logger.info("client left", ["received": .integer(received)])
            return problem(.badRequest, code: "incomplete_body", "The request body ended before its end.")
        case is CancellationError:
            return problem(ServiceError(.unavailable, "The request was given up.", retryAfter: .seconds(1)))
        default:
            logger.error("request failed", ["error": .string(String(reflecting: error))])
            return problem(ServiceError(.internalFailure, "Something went wrong on our side."))
        }
    }
}

extension ServiceError.Code {
    /// The status that stands for a code where no dialect says otherwise.
    package var status: Status {
        switch self {
        case .invalidRequest, .lengthMismatch: .badRequest
        case .unauthenticated, .tokenExpired: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict, .offsetMismatch, .notReady: .conflict
        case .gone: .gone
        case .tooLarge: .payloadTooLarge
        case .unsupportedMedia: .unsupportedMediaType
        case .hashMismatch: .unprocessable
        case .locked: .locked
        case .tooManyRequests: .tooManyRequests
        case .insufficientStorage: .insufficientStorage
        case .unavailable: .serviceUnavailable
        case .internalFailure: .internalServerError
        }
    }
}
