import Core
import Foundation
import HTTP
import SQL
import Service
import Testing

@testable import API

/// The routes of accounts on a database of their own, behind the error middleware.
final class AccountsAPIUnderTest: Sendable {
    let accounts: Accounts
    private let folder: String
    private let handler: Handler

    init(
        publicURL: String? = nil,
        trustedProxies: [String] = [],
        friends: [String] = [],
        registration: RegistrationPolicy = .open
    ) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let database = try SQLiteDatabase(path: folder + "/test.sqlite", busyTimeout: .seconds(600))
        try await database.migrate(Schema.migrations)
        let started = Timestamp.now
        accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: registration),
            // Stands still: on a slow machine hashing takes longer than a limit needs to give way.
            now: { started }
        )
        let cookie = SignInCookie(publicURL: publicURL, friends: friends)
        let address = ClientAddress(trustedProxies: trustedProxies.compactMap { AddressRange($0) })
        let authentication = Authentication(accounts: accounts, cookie: cookie)
        var router = Router()
        AccountsAPI(accounts: accounts, cookie: cookie, address: address).add(to: &router)
        router.on(
            .post,
            "/things",
            authentication.required { _, principal in
                .text(principal.user.username)
            }
        )
        router.on(.get, "/admin") { request in .text(try await authentication.administrator(for: request).user.email) }
        let routes = router
        handler = Middlewares.compose(
            [Authentication.challenge, Middlewares.errors(logger: .silent)],
            around: { try await routes.respond(to: $0) }
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: some Encodable = [String: String](),
        headers: Headers = [:],
        peer: String = "192.0.2.1"
    ) async throws -> Answer {
        var headers = headers
        headers["Content-Type"] = "application/json"
        let bytes = method == .get ? [] : [UInt8](try JSONEncoder().encode(body))
        return Answer(
            try await handler(.testing(method, path, headers: headers, body: bytes, peer: peer))
        )
    }

    /// Registers Ann and gives the answer.
    func ann(headers: Headers = [:]) async throws -> Answer {
        try await send(
            .post,
            "/api/auth/register",
            Registration(email: "ann@example.com", password: "password of ann"),
            headers: headers
        )
    }
}

/// A response, read.
struct Answer {
    let response: Response

    init(_ response: Response) { self.response = response }

    var status: Int { response.status.rawValue }
    var bytes: Data {
        switch response.body {
        case .bytes(let bytes): return Data(bytes)
        case .shared(let bytes, let range): return Data(bytes.array[range])
        default: return Data()
        }
    }
    func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: bytes)
    }
    var error: String? { try? decoded(Problem.self).error }
    var setCookie: String? { response.headers["Set-Cookie"] }
    /// `name=value`, as a browser sends it back.
    var cookie: String { String(setCookie?.split(separator: ";").first ?? "") }
}
