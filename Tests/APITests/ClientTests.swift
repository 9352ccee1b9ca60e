import Core
import Foundation
import Synchronization
import Testing

@testable import TelecineClient

@Suite struct ClientTests {
    /// A file of letters, so that forms can be read as text.
    private func withFile(_ size: Int, _ body: (URL, [UInt8]) async throws -> Void) async throws {
        let bytes = (0..<size).map { _ in UInt8.random(in: 97...122) }
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("telecine-\(UUID().uuidString).mp4")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try await body(url, bytes)
    }

    @Test("a file arrives whole, at most three chunks at a time, with progress that never falls")
    func upload() async throws {
        try await withFile(100_001) { file, bytes in
            try await UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000).run { client, service in
                let seen = Mutex<[Int64]>([])
                let status = try await client.upload(file: file, metadata: ["title": "T"]) { progress in
                    seen.withLock { $0.append(progress.sentBytes) }
                }
                #expect(status.uploadId == UploadServiceUnderTest.id)
                #expect(service.assembled == bytes)
                let sent = seen.withLock { $0 }
                #expect(sent.first == 0 && sent.last == 100_001 && sent.count == 12 && sent == sent.sorted())
                #expect(service.state.withLock { $0.mostInFlight } <= 3)
            }
        }
    }

    @Test("chunks that fail on their way are sent again", arguments: [500, 503, 429, 408])
    func retries(_ status: Int) async throws {
        try await withFile(50_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            service.state.withLock { $0.failures = [1: status, 3: status, 4: status] }
            try await service.run { client, service in
                _ = try await client.upload(file: file)
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.chunkRequests } == 8)
            }
        }
    }

    @Test("what the service refuses is not sent again, and its own words are the error")
    func refusal() async throws {
        try await withFile(50_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 50_000)
            service.state.withLock { $0.failures = [1: 413] }
            try await service.run { client, service in
                let error = await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(error?.kind == .refused(status: 413))
                #expect(error?.message == "Asked to fail.")
                #expect(service.state.withLock { $0.chunkRequests } == 1)
            }
        }
    }

    @Test("a service that keeps failing is given up after the last attempt")
    func givingUp() async throws {
        try await withFile(100) { file, _ in
            let service = UploadServiceUnderTest(fileSize: 100, chunkSize: 100)
            service.state.withLock { state in for number in 1...9 { state.failures[number] = 503 } }
            try await service.run { client, service in
                await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(service.state.withLock { $0.chunkRequests } == 4)
            }
        }
    }

    @Test("resuming sends only what the service misses")
    func resume() async throws {
        try await withFile(55_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            service.state.withLock { state in
                for number in [0, 2, 5] {
                    state.bytes[number] = Array(bytes[(number * 10_000)..<min(bytes.count, (number + 1) * 10_000)])
                }
            }
            try await service.run { client, service in
                let first = Mutex<Int64?>(nil)
                _ = try await client.upload(file: file, resuming: UploadServiceUnderTest.id) { progress in
                    first.withLock { $0 = $0 ?? progress.sentBytes }
                }
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.chunkRequests } == 3)
                #expect(first.withLock { $0 } == 25_000)
            }
        }
    }

    @Test("another file, an empty one and one that is not there are refused before a byte is sent")
    func wrongFiles() async throws {
        try await withFile(55_000) { file, bytes in
            try await UploadServiceUnderTest(fileSize: 54_999, chunkSize: 10_000).run { client, service in
                let error = await #expect(throws: TelecineError.self) {
                    try await client.upload(file: file, resuming: UploadServiceUnderTest.id)
                }
                #expect(error?.kind == .changedFile)
                let absent = file.appendingPathExtension("absent")
                let missing = await #expect(throws: TelecineError.self) { try await client.upload(file: absent) }
                #expect(missing?.kind == .unreadableFile)
                try Data().write(to: file)
                let empty = await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(empty?.kind == .unreadableFile)
                #expect(service.state.withLock { $0.chunkRequests } == 0)
            }
        }
    }

    @Test("an expired token is renewed once, however many chunks find it expired")
    func renewal() async throws {
        try await withFile(60_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            try await service.run { client, service in
                let isFirst = Mutex(true)
                _ = try await client.upload(file: file) { _ in
                    // From the first report on, no chunk has gone out yet: all three find the token expired.
                    guard
                        isFirst.withLock({ first in
                            defer { first = false }; return first
                        })
                    else { return }
                    service.state.withLock { $0.validToken = "none" }
                }
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.refreshes } == 1)
            }
        }
    }

    @Test("waiting ends when the medium is ready, and with the reason when it cannot be")
    func waiting() async throws {
        try await withFile(100) { file, _ in
            let service = UploadServiceUnderTest(fileSize: 100, chunkSize: 100)
            try await service.run { client, service in
                _ = try await client.upload(file: file)
                let done = try await client.waitUntilProcessed(UploadServiceUnderTest.id, every: .milliseconds(1))
                #expect(done.status == .processed && done.assetId == "asset_1")
                service.state.withLock { $0.finalState = .processingFailed }
                let error = await #expect(throws: TelecineError.self) {
                    try await client.waitUntilProcessed(UploadServiceUnderTest.id, every: .milliseconds(1))
                }
                #expect(error?.message == "It is a poem, not a video.")
            }
        }
    }

    @Test("a service that is not there is an error in one sentence")
    func unreachable() async throws {
        let url = try #require(URL(string: "http://127.0.0.1:9"))
        let client = Telecine(baseURL: url, token: "x", backoff: Backoff(attempts: 1))
        let error = await #expect(throws: TelecineError.self) { try await client.media("1") }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.hasPrefix("http://127.0.0.1:9 does not answer") == true)
    }
}
