import Core
import Foundation
import HTTP
import ObjectStorage
import SQL
import Service
import Testing

@testable import API

/// The whole API on a database and folders of its own, in process.
private final class ServiceUnderTest: Sendable {
    let database: SQLiteDatabase
    private let folder: String
    private let handler: Handler

    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try SQLiteDatabase(path: folder + "/test.sqlite")
        try await database.migrate(Schema.migrations)
        let store = try DiskStore(root: folder + "/objects", durable: false)
        let catalog = Catalog(database: database)
        let accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: .open)
        )
        handler = try TelecineAPI(
            configuration: TelecineAPI.Configuration(),
            accounts: accounts,
            ingest: try Ingest(
                database: database,
                store: store,
                configuration: IngestConfiguration(
                    stagingDirectory: folder + "/staging",
                    partSize: 1000,
                    maximumSize: 10_000
                ),
                logger: .silent
            ),
            catalog: catalog,
            delivery: Delivery(
                database: database,
                catalog: catalog,
                store: store,
                keys: StreamKeys(secrets: [Array(repeating: 7, count: 32)])
            ),
            insight: Insight(database: database),
            logger: .silent
        ).handler()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func send(_ method: HTTPMethod, _ path: String, _ body: String = "", token: String? = nil, type: String? = nil)
        async throws -> Answer
    {
        var headers: Headers = [:]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        if method != .get { headers["Content-Type"] = type ?? "application/json" }
        return Answer(try await handler(.testing(method, path, headers: headers, text: body)))
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

@Suite struct MediaManagementTests {
    @Test("chunks make an asset; the upload's status says every step in the contract's words")
    func upload() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("ann")
        let upload = try await service.begin(size: 1500, token: token)
        func status() async throws -> UploadStatus {
            try (try await service.send(.get, "/api/uploads/\(upload)", token: token)).decoded()
        }
        #expect(try await status().status == .initialized)
        let first = try await service.chunk("1", String(repeating: "b", count: 500), of: upload, token: token)
        #expect(try first.decoded(ChunkReceipt.self).received == 1)
        #expect(try await status().status == .uploading)
        #expect(try await status().missingChunks == [0])
        let last = try await service.chunk("0", String(repeating: "a", count: 1000), of: upload, token: token)
        #expect(last.status == 200)
        let done = try await status()
        #expect(done.status == .complete && done.receivedChunks == 2 && done.assetId?.hasPrefix("asset_") == true)
        let words: [(String, UploadState, MediaState)] = [
            ("queued", .complete, .processing), ("processing", .processing, .processing),
            ("playable", .processing, .processing), ("ready", .processed, .ready),
            ("failed", .processingFailed, .failed),
        ]
        for (state, uploadWord, mediaWord) in words {
            try await service.database.write { try $0.run("UPDATE versions SET status = \(state)") }
            #expect(try await status().status == uploadWord)
            let asset = try await service.send(.get, "/api/assets/\(done.assetId ?? "")", token: token)
            #expect(try asset.decoded(MediaDetails.self).status == mediaWord)
        }
        for (state, word) in [("validating", UploadState.validating), ("hashing", .hashing), ("failed", .failed)] {
            try await service.database.write { try $0.run("UPDATE uploads SET state = \(state)") }
            #expect(try await status().status == word)
        }
    }

    @Test("refusals have the contract's words and leave nothing behind")
    func refusals() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("ann")
        let stranger = try await service.register("bob")
        let upload = try await service.begin(size: 1500, token: token)
        #expect(try await service.send(.get, "/api/uploads/\(upload)").status == 401)
        let foreign = try await service.send(.get, "/api/uploads/\(upload)", token: stranger)
        #expect(foreign.status == 403 && foreign.error == "Access denied")
        #expect(try await service.chunk("0", "x", of: upload, token: stranger).error == "Access denied")
        let unknown = try await service.send(.get, "/api/uploads/none", token: token)
        #expect(unknown.status == 404 && unknown.error?.hasPrefix("Upload not found") == true)
        let large = try await service.send(
            .post,
            "/api/uploads/init",
            #"{"filename": "a", "fileSize": 10001, "fileType": "video/mp4"}"#,
            token: token
        )
        #expect(large.status == 413)
        #expect(large.error?.hasPrefix("File size exceeds maximum allowed size") == true)
        for (number, bytes) in [("2", "x"), ("-1", "x"), ("one", "x"), ("0", "short"), ("", "x")] {
            let answer = try await service.chunk(number, bytes, of: upload, token: token)
            #expect(answer.status == 400, "chunk \(number)")
        }
        let left = try await service.database.read { try $0.first("SELECT number FROM upload_parts") }
        #expect(left == nil)
    }

    @Test("an asset is found by both forms of its id, by its owner alone, until it is deleted")
    func assets() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("ann")
        let stranger = try await service.register("bob")
        let name = try await service.asset(token: token)
        let number = String(name.dropFirst("asset_".count))
        for path in ["/media/", "/api/media/", "/api/assets/"] {
            for id in [name, number] {
                let found = try await service.send(.get, path + id, token: token)
                #expect(try found.decoded(MediaDetails.self).id == name)
                #expect(try await service.send(.get, path + id).status == 401)
                let foreign = try await service.send(.get, path + id, token: stranger)
                #expect(foreign.status == 403 && foreign.error == "Access denied")
                #expect(try await service.send(.get, path + id + "x", token: token).status == 404)
            }
        }
        #expect(
            try await service.send(.get, "/api/assets", token: stranger).decoded(AssetPage.self).pagination.total == 0
        )
        #expect(try await service.send(.get, "/api/assets", token: token).decoded(AssetPage.self).assets[0].id == name)
        for query in ["page=0", "limit=0", "limit=101", "page=x"] {
            #expect(try await service.send(.get, "/api/assets?\(query)", token: token).status == 400)
        }
        #expect(try await service.send(.delete, "/api/assets/\(number)", token: stranger).status == 403)
        #expect(try await service.send(.delete, "/api/assets/\(number)", token: token).status == 204)
        #expect(try await service.send(.get, "/api/assets/\(name)", token: token).status == 404)
    }

    @Test("stream links come when something plays; before, and after a failure, the answer says why not")
    func streaming() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("ann")
        let path = "/media/\(try await service.asset(token: token))/stream"
        let early = try await service.send(.get, path, token: token)
        #expect(early.error == "Video is still processing" && early.response.headers["Retry-After"] == "2")
        try await service.database.write { try $0.run("UPDATE versions SET status = 'failed', error = 'It is text.'") }
        let failed = try await service.send(.get, path, token: token)
        #expect(failed.status == 409 && failed.error?.contains("It is text.") == true)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'playable'") }
        let links = try await service.send(.get, path, token: token).decoded(StreamLinks.self)
        #expect(links.masterUrl.hasPrefix("http://localhost/stream/") && links.expiresIn == 3600)
        let master = links.masterUrl.dropFirst("http://localhost".count)
        #expect(try await service.send(.get, String(master)).status == 404, "admitted, but nothing is made yet")
        let forged = try await service.send(.get, "/stream/\(String(repeating: "A", count: 48))/master.m3u8")
        #expect(forged.status == 403 && forged.error == "Invalid token")
    }

    @Test("playback events are taken from the owner, and wrong ones named")
    func events() async throws {
        let service = try await ServiceUnderTest()
        let token = try await service.register("ann")
        let path = "/media/\(try await service.asset(token: token))/events"
        let good = #"{"event": "seeking", "position": null, "quality": "720p", "buffering": false}"#
        #expect(try await service.send(.post, path, good, token: token).status == 204)
        let wrong = try await service.send(.post, path, #"{"event": "dance"}"#, token: token)
        #expect(wrong.status == 400 && wrong.error?.contains("quality_change") == true)
        #expect(try await service.send(.post, path, good).status == 401)
    }
}
