import Core
import Foundation
import HTTP
import ObjectStorage
import SQL
import Service
import Testing

@testable import API

/// The whole API on a database and folders of its own, in process.
final class ServiceUnderTest: Sendable {
    let database: SQLiteDatabase
    let catalog: Catalog
    let delivery: Delivery
    let folder: String
    /// Every route, as the router lists them.
    let routes: [(HTTPMethod, String)]
    private let store: DiskStore
    private let handler: Handler
    private let inMemory: Shortcut

    /// `checks`: nil for those of a database and a folder that are well.
    init(
        checks: [HealthCheck]? = nil,
        metrics: Metrics = Metrics(),
        publishers: YouTube.Publishers = .nobody,
        anonymous: AnonymousAccess = .nothing
    ) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try SQLiteDatabase(path: folder + "/test.sqlite", busyTimeout: .seconds(600))
        try await database.migrate(Schema.migrations)
        store = try DiskStore(root: folder + "/objects", durable: false)
        catalog = Catalog(database: database, trashPeriod: .seconds(86_400))
        let accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: .open)
        )
        delivery = Delivery(
            database: database,
            catalog: catalog,
            store: store,
            keys: StreamKeys(secrets: [Array(repeating: 7, count: 32)])
        )
        var configuration = TelecineAPI.Configuration()
        configuration.servicePorts = [3001: .uploads, 3006: .status]
        configuration.anonymous = anonymous
        let api = TelecineAPI(
            configuration: configuration,
            accounts: accounts,
            ingest: try Self.ingest(database, store, folder),
            catalog: catalog,
            delivery: delivery,
            insight: Insight(database: database),
            sharing: Sharing(database: database, delivery: delivery),
            youtube: YouTube(catalog: catalog, publishers: publishers, patience: .zero),
            status: Self.status(database, folder, checks),
            metrics: metrics,
            logger: .silent
        )
        handler = try api.handler()
        routes = try api.makeRouter().routes
        inMemory = api.shortcut
    }

    private static func ingest(_ database: SQLiteDatabase, _ store: DiskStore, _ folder: String) throws -> Ingest {
        try Ingest(
            database: database,
            store: store,
            configuration: IngestConfiguration(
                stagingDirectory: folder + "/staging",
                partSize: 1000,
                maximumSize: 10_000
            ),
            logger: .silent
        )
    }

    private static func status(
        _ database: SQLiteDatabase,
        _ folder: String,
        _ checks: [HealthCheck]?
    ) -> ServiceStatus {
        let health = Health(
            checks ?? [.database(database), .migrations(database), .storage([folder], leaving: 0)],
            freshness: .zero,
            patience: .seconds(600)
        )
        return ServiceStatus(
            health: health,
            checker: StatusChecker(own: health),
            reader: StatusReader(database: database, folder: folder)
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: String = "",
        token: String? = nil,
        type: String? = nil,
        port: UInt16 = 3000,
        headers others: Headers = [:]
    ) async throws -> Answer {
        var headers = others
        if let token { headers["Authorization"] = "Bearer \(token)" }
        if method != .get { headers["Content-Type"] = type ?? "application/json" }
        let bytes = Array(body.utf8)
        return Answer(try await handler(.testing(method, path, headers: headers, body: bytes, localPort: port)))
    }

    /// What is answered without a handler.
    func shortcut(_ path: String) -> Response? { inMemory(.testing(.get, path)) }

    func put(_ bytes: [UInt8], as key: ObjectKey) async throws {
        _ = try await store.put(key, bytes: bytes)
    }

    func register(_ name: String) async throws -> String {
        struct Grant: Decodable { let token: String }
        let body = #"{"email": "\#(name)@example.com", "password": "password of \#(name)"}"#
        return try (try await send(.post, "/api/auth/register", body)).decoded(Grant.self).token
    }

    func begin(size: Int, token: String) async throws -> String {
        let body = #"{"filename": "clip.mp4", "fileSize": \#(size), "fileType": "video/mp4"}"#
        return try (try await send(.post, "/api/uploads/init", body, token: token))
            .decoded(UploadInitResponse.self).uploadId
    }

    /// `number`: after the bytes, as the contract's own clients send it.
    func chunk(_ number: String, _ bytes: String, of upload: String, token: String) async throws -> Answer {
        let head = "--B\r\nContent-Disposition: form-data; name="
        let body =
            "\(head)\"chunk\"; filename=\"c\"\r\n\r\n\(bytes)\r\n\(head)\"chunkNumber\"\r\n\r\n\(number)\r\n--B--\r\n"
        return try await send(
            .post,
            "/api/uploads/\(upload)/chunks",
            body,
            token: token,
            type: "multipart/form-data; boundary=B"
        )
    }

    /// Uploads a file of two chunks and gives its asset.
    func asset(token: String) async throws -> String {
        let upload = try await begin(size: 1500, token: token)
        _ = try await chunk("1", String(repeating: "b", count: 500), of: upload, token: token)
        _ = try await chunk("0", String(repeating: "a", count: 1000), of: upload, token: token)
        let status = try (try await send(.get, "/api/uploads/\(upload)", token: token)).decoded(UploadStatus.self)
        return try #require(status.assetId)
    }
}
