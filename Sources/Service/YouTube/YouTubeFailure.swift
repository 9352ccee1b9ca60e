internal import Foundation

/// Why YouTube, or Google's sign-in, did not do what it was asked.
enum YouTubeFailure: Error, Hashable {
    /// It will not do it the next time either; the reason is for the recording's owner.
    case lasting(String)
    /// It may do it later.
    case passing(String)
    /// The access token counts no more.
    case unauthorized
    /// The session is over.
    case gone

    /// What a refusal of YouTube's means.
    ///
    /// `status`: of a response that is no success; `body`: Google's error document, when it is one.
    init(status: Int, body: [UInt8]) {
        let (reason, words) = Self.told(in: body)
        let text = "YouTube says: \(words ?? "no reason, with status \(status)")\(reason.map { " (\($0))" } ?? "")"
        switch status {
        case 401: self = .unauthorized
        case 404, 410: self = .gone
        case 408, 429, 500...: self = .passing(text)
        // Too many at a time, which is over in a moment; the day's quota is another word.
        case 403 where ["rateLimitExceeded", "userRateLimitExceeded"].contains(reason): self = .passing(text)
        default: self = .lasting(text)
        }
    }

    private struct Document: Decodable {
        struct Told: Decodable {
            struct Single: Decodable {
                let reason: String?
            }
            let message: String?
            let errors: [Single]?
        }
        let error: Told
    }

    /// Google's word and sentence, without the markup that some have, of a length for people.
    private static func told(in body: [UInt8]) -> (reason: String?, words: String?) {
        guard let told = try? JSONDecoder().decode(Document.self, from: Data(body)).error else { return (nil, nil) }
        let plain = told.message?.replacing(/<[^>]*>/, with: "").split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        return (told.errors?.first?.reason.map { String($0.prefix(100)) }, plain.map { String($0.prefix(300)) })
    }
}
