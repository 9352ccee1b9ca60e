internal import Core
internal import Foundation
internal import HTTPClient
internal import ObjectStorage

/// Speaks to YouTube for the operator's channel: Google's sign-in, and resumable uploads.
///
/// developers.google.com/youtube/v3/guides/using_resumable_upload_protocol; RFC 6749, section 6.
package struct YouTubeClient: Sendable {
    package struct Configuration: Sendable {
        package static let apiURL = "https://www.googleapis.com"
        package static let tokenURL = "https://oauth2.googleapis.com/token"

        package let clientID: String
        package let clientSecret: String
        package let refreshToken: String
        /// Without a slash at the end.
        package var apiURL = Self.apiURL
        package var tokenURL = Self.tokenURL

        package init(clientID: String, clientSecret: String, refreshToken: String) {
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.refreshToken = refreshToken
        }
    }

    /// What YouTube has made.
    struct Video: Hashable, Sendable {
        let id: String
        /// `public`, `unlisted`, `private`; nil when it does not say.
        let privacy: String?
    }

    /// How far YouTube is.
    enum Position: Hashable, Sendable {
        /// It waits for this byte.
        case at(Int64)
        case complete(Video)
    }

    private static let answerLimit = 1 << 20
    private let configuration: Configuration
    private let client: HTTPClient

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        var outgoing = HTTPClient.Configuration()
        // Whoever names another place than Google may have it on a machine of their own.
        outgoing.allowsPrivateAddresses =
            configuration.apiURL != Configuration.apiURL || configuration.tokenURL != Configuration.tokenURL
        outgoing.connectTimeout = .seconds(15)
        // After the last byte it looks into the video.
        outgoing.idleTimeout = .seconds(120)
        outgoing.idleConnections = 4
        client = HTTPClient(outgoing)
    }

    // MARK: - Sign-in

    /// An access token, valid for about an hour.
    ///
    /// - Throws: ``YouTubeFailure``, `CancellationError`.
    func accessToken() async throws -> String {
        let fields = [
            ("grant_type", "refresh_token"), ("refresh_token", configuration.refreshToken),
            ("client_id", configuration.clientID), ("client_secret", configuration.clientSecret),
        ]
        let form = fields.map { "\($0.0)=\(Self.escaped($0.1))" }.joined(separator: "&")
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        let answer = try await exchange(
            OutgoingRequest("POST", configuration.tokenURL, headers: headers, body: .bytes(Array(form.utf8)))
        )
        return try Self.token(status: answer.status, body: answer.body)
    }

    private static func escaped(_ text: String) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    private struct Token: Decodable {
        let access_token: String?
        let error: String?
    }

    /// Reads Google's answer about a token.
    static func token(status: Int, body: [UInt8]) throws(YouTubeFailure) -> String {
        let answer = try? JSONDecoder().decode(Token.self, from: Data(body))
        if status == 200, let token = answer?.access_token, !token.isEmpty { return token }
        guard (400..<500).contains(status), status != 408, status != 429 else {
            throw .passing("Google's sign-in does not work at the moment (status \(status)).")
        }
        throw .lasting(
            "Google does not let this service in (\(answer?.error.map { String($0.prefix(100)) } ?? "\(status)")). "
                + "Whoever runs it must renew YOUTUBE_REFRESH_TOKEN, or correct YOUTUBE_CLIENT_ID and "
                + "YOUTUBE_CLIENT_SECRET (docs/youtube.md)."
        )
    }

    // MARK: - Resumable upload

    /// Begins a session.
    ///
    /// - Returns: its address.
    /// - Throws: ``YouTubeFailure``, `CancellationError`.
    func begin(_ details: YouTubeDetails, size: Int64, type: String, token: String) async throws -> String {
        let video: JSONValue = .object([
            "snippet": .object([
                "title": .string(details.title), "description": .string(details.description),
                "tags": .array(details.tags.map { .string($0) }),
            ]),
            "status": .object(["privacyStatus": .string(details.isPrivate ? "private" : "public")]),
        ])
        let headers = [
            ("Authorization", "Bearer \(token)"), ("Content-Type", "application/json; charset=UTF-8"),
            ("X-Upload-Content-Length", "\(size)"), ("X-Upload-Content-Type", type),
        ]
        let url = "\(configuration.apiURL)/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status"
        let body = Array(try JSONEncoder().encode(video))
        let answer = try await exchange(OutgoingRequest("POST", url, headers: headers, body: .bytes(body)))
        guard answer.status == 200 else {
            let failure = YouTubeFailure(status: answer.status, body: answer.body)
            throw failure == .gone ? .lasting("There is no YouTube at YOUTUBE_API_URL (\(answer.status)).") : failure
        }
        guard let session = answer.location, Self.isSameOrigin(session, configuration.apiURL) else {
            throw YouTubeFailure.lasting("YouTube names another place for the upload than YOUTUBE_API_URL.")
        }
        return session
    }

    /// Asks how far a session is.
    ///
    /// - Throws: ``YouTubeFailure``, `CancellationError`.
    func position(in session: String, size: Int64, token: String) async throws -> Position {
        let headers = [("Authorization", "Bearer \(token)"), ("Content-Range", "bytes */\(size)")]
        return try Self.position(try await exchange(OutgoingRequest("PUT", session, headers: headers)))
    }

    /// Sends what follows an offset, to the object's end.
    ///
    /// `onBlock`: told before each block how far it is, and whether the block is the last; what it throws ends the
    /// request.
    /// - Throws: ``YouTubeFailure``, what the object or `onBlock` throws, `CancellationError`.
    func send(
        _ object: ObjectBody,
        to session: String,
        token: String,
        onBlock: @escaping @Sendable (Int64, Bool) async throws -> Void
    ) async throws -> Position {
        let stream = OutgoingStream(length: object.range.upperBound - object.range.lowerBound)
        let (first, last) = (object.range.lowerBound, object.range.upperBound - 1)
        let headers = [
            ("Authorization", "Bearer \(token)"), ("Content-Range", "bytes \(first)-\(last)/\(object.info.size)"),
        ]
        let request = OutgoingRequest("PUT", session, headers: headers, body: .stream(stream))
        return try await withThrowingTaskGroup(of: Step.self) { group in
            group.addTask { .answer(try await exchange(request)) }
            group.addTask { .body(await Self.pump(object, into: stream, onBlock)) }
            defer { group.cancelAll() }
            while let step = try await group.next() {
                switch step {
                case .answer(let answer): return try Self.position(answer)
                // Its own end is why the request will have none: it is the one to tell.
                case .body(let error?): throw error
                case .body(nil): break
                }
            }
            throw CancellationError()
        }
    }

    private enum Step: Sendable {
        case answer(Answer)
        case body((any Error)?)
    }

    /// - Returns: why the body is not whole; nil also when nobody takes the rest.
    private static func pump(
        _ object: ObjectBody,
        into stream: OutgoingStream,
        _ onBlock: @Sendable (Int64, Bool) async throws -> Void
    ) async -> (any Error)? {
        var sent = object.range.lowerBound
        do {
            for try await block in object {
                await withCheckedContinuation { continuation in
                    if stream.hasRoom(orCall: { continuation.resume() }) { continuation.resume() }
                }
                let next = sent + Int64(block.count)
                try await onBlock(sent, next == object.range.upperBound)
                do { try stream.write(block) } catch { return nil }
                sent = next
            }
            stream.finish()
            return nil
        } catch {
            stream.fail()
            return error
        }
    }

    // MARK: - Answers

    struct Answer: Sendable {
        let status: Int
        var range: String?
        var location: String?
        let body: [UInt8]
    }

    private func exchange(_ request: OutgoingRequest) async throws -> Answer {
        do {
            let response = try await client.send(request)
            return Answer(
                status: response.status,
                range: response.header("Range"),
                location: response.header("Location"),
                body: try await response.body.collect(upTo: Self.answerLimit)
            )
        } catch let error as HTTPClientError {
            throw YouTubeFailure.passing("YouTube cannot be reached: \(error.description).")
        }
    }

    private struct Resource: Decodable {
        struct Status: Decodable {
            let privacyStatus: String?
        }
        let id: String
        let status: Status?
    }

    /// What YouTube says of a session: the video, or what it waits for.
    static func position(_ answer: Answer) throws(YouTubeFailure) -> Position {
        switch answer.status {
        case 200, 201:
            guard let video = try? JSONDecoder().decode(Resource.self, from: Data(answer.body)), isID(video.id) else {
                throw .passing("YouTube's answer names no video.")
            }
            return .complete(Video(id: video.id, privacy: video.status?.privacyStatus))
        case 308:
            guard let range = answer.range else { return .at(0) }
            guard let match = range.wholeMatch(of: /bytes=0-([0-9]{1,18})/), let last = Int64(match.1) else {
                throw .passing("YouTube does not say in a known way what it has.")
            }
            return .at(last + 1)
        default: throw YouTubeFailure(status: answer.status, body: answer.body)
        }
    }

    /// It becomes part of an address.
    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return byte < 128 && (character.isLetter || character.isNumber || "-_".contains(character))
            }
    }

    /// Whether an address that came from outside leads to the place that the operator has named.
    static func isSameOrigin(_ url: String, _ base: String) -> Bool {
        guard let url = URLComponents(string: url), let base = URLComponents(string: base), url.host != nil,
            url.user == nil, url.password == nil
        else { return false }
        return url.scheme?.lowercased() == base.scheme?.lowercased() && url.port == base.port
            && url.host?.lowercased() == base.host?.lowercased()
    }
}
