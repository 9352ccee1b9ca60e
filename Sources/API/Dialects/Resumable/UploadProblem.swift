internal import Core
internal import HTTP

/// The problem documents of the draft and of the digest fields, with `error` beside them like all of ours.
struct UploadProblem: Encodable {
    enum Kind: String {
        case mismatchingOffset = "mismatching-upload-offset"
        case completed = "completed-upload"
        case inconsistentLength = "inconsistent-upload-length"
        case unsupportedDigest = "digest-unsupported-algorithms"
        case invalidDigest = "digest-invalid-values"
        case mismatchingDigest = "digest-mismatching-values"

        /// With which the registry lists it.
        var status: Status { self == .mismatchingOffset ? .conflict : .badRequest }

        var title: String {
            switch self {
            case .mismatchingOffset: "Mismatching Upload Offset"
            case .completed: "Upload Is Completed"
            case .inconsistentLength: "Inconsistent Upload Length Values"
            case .unsupportedDigest: "Unsupported Digest Algorithms"
            case .invalidDigest: "Invalid Digest Values"
            case .mismatchingDigest: "Mismatching Digest Values"
            }
        }
    }

    let type: String
    let title: String
    let status: Int
    let detail: String
    let error: String
    let code: String
    var expectedOffset: Int64?
    var providedOffset: Int64?

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, error, code
        case expectedOffset = "expected-offset"
        case providedOffset = "provided-offset"
    }

    init(_ kind: Kind, _ detail: String) {
        type = "https://iana.org/assignments/http-problem-types#\(kind.rawValue)"
        title = kind.title
        status = kind.status.rawValue
        self.detail = detail
        error = detail
        code = kind.rawValue.replacing("-", with: "_")
    }

    func response() throws -> Response {
        var response = try Response.json(self, status: Status(rawValue: status))
        response.headers["Content-Type"] = "application/problem+json"
        response.headers["Cache-Control"] = "no-store"
        return response
    }
}
