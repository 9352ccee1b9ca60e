import Core
import Foundation
import HTTP
import ObjectStorage
import SQL
import Service
import Testing

@testable import API

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
        #expect(unknown.status == 404 && unknown.error == "Upload not found")
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
                if path == "/api/media/", id == number {
                    struct Contract2: Decodable { let id: Int64 }
                    #expect(try found.decoded(Contract2.self).id == Int64(number), "integers are contract 2's here")
                } else {
                    #expect(try found.decoded(MediaDetails.self).id == name)
                }
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
