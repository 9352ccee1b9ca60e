import Core
import Foundation
import Testing

/// The contract's own examples, through our types and back.
@Suite struct ContractTests {
    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("the contract's init request is read, and an absent hash stays absent")
    func initRequest() throws {
        let text = """
            {"fileSize":15728640,"fileType":"video/mp4","filename":"my-video.mp4","metadata":\
            {"description":"d","tags":["a",1,true],"title":"My Awesome Video"}}
            """
        let request = try decode(UploadInitRequest.self, text)
        #expect(request.fileSize == 15_728_640)
        #expect(request.metadata?["title"] == "My Awesome Video")
        #expect(request.fileHash == nil)
        #expect(try encoded(request) == text)
    }

    @Test("an upload status has every field of the contract, and none that has no value")
    func uploadStatus() throws {
        let text = """
            {"createdAt":"2023-08-14T10:00:00.000Z","fileSize":15728640,"fileType":"video/mp4",\
            "filename":"my-video.mp4","lastChunkAt":"2023-08-14T10:05:00.000Z","metadata":{"title":"My Awesome Video"},\
            "progress":45,"receivedChunks":3,"status":"processing","totalChunks":3,\
            "uploadId":"12345678-abcd-1234-efgh-123456789abc"}
            """
        let status = try decode(UploadStatus.self, text)
        #expect(status.assetId == nil && status.error == nil && status.missingChunks == nil)
        #expect(try encoded(status) == text)
    }

    @Test("the contract's upload states are read by their own names", arguments: UploadState.allCases)
    func states(_ state: UploadState) throws {
        #expect(try decode([UploadState].self, "[\"\(state.rawValue)\"]") == [state])
        #expect(state.isFinal == ["processed", "failed", "processing_failed"].contains(state.rawValue))
    }

    @Test("an unknown upload state is refused by name")
    func unknownState() throws {
        #expect(throws: DecodingError.self) { try decode([UploadState].self, #"["paused"]"#) }
    }

    @Test("a session without an account has exactly the three fields of the contract")
    func session() throws {
        let session = Session(token: "a", refreshToken: "b", expiresIn: 3600)
        #expect(try encoded(session) == #"{"expiresIn":3600,"refreshToken":"b","token":"a"}"#)
    }

    @Test("an account's id is a plain integer")
    func user() throws {
        let user = UserInfo(id: ID(rawValue: 1), email: "a@b.example", username: "a", role: .admin)
        #expect(try encoded(user) == #"{"email":"a@b.example","id":1,"role":"admin","username":"a"}"#)
    }

    @Test("media details, stream links and a page of assets survive the way out and back")
    func media() throws {
        let variant = MediaVariant(profile: "1080p", width: 1920, height: 1080, bitrate: "5000k")
        let details = MediaDetails(
            id: "asset_12345",
            title: "T",
            duration: 120.5,
            status: .ready,
            variants: [variant],
            metadata: ["title": "T"],
            createdAt: "2023-08-14T10:15:00.000Z"
        )
        #expect(try decode(MediaDetails.self, encoded(details)) == details)
        let links = StreamLinks(masterUrl: "https://x/m.m3u8", variants: ["1080p": "https://x/1.mp4"], expiresIn: 3600)
        #expect(try decode(StreamLinks.self, encoded(links)) == links)
        let line = AssetSummary(
            id: "asset_1",
            title: "T",
            status: .processing,
            createdAt: "x",
            fileType: "video/mp4",
            progress: 45
        )
        let page = AssetPage(assets: [line], pagination: .init(page: 1, limit: 20, total: 41))
        #expect(page.pagination.pages == 3)
        #expect(try decode(AssetPage.self, encoded(page)) == page)
    }

    @Test("a problem's sentence is found wherever the service put it")
    func problem() throws {
        #expect(try decode(Problem.self, #"{"error":"Upload not found"}"#).message == "Upload not found")
        #expect(try decode(Problem.self, #"{"title":"Gone","detail":"It is gone."}"#).message == "It is gone.")
    }
}
