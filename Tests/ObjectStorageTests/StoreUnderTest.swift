import Core
import Foundation
import ObjectStorage
import Testing

/// One implementation of `ObjectStore` for the conformance suite: each test gets an empty store.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let with: @Sendable (_ test: (_ store: any ObjectStore, _ scratch: URL) async throws -> Void) async throws -> Void

    static let all = [disk(durable: false), disk(durable: true)]

    static func disk(durable: Bool) -> StoreUnderTest {
        StoreUnderTest(testDescription: durable ? "disk, durable" : "disk") { test in
            try await withScratchFolder { scratch in
                try await test(try DiskStore(root: scratch.path + "/objects", durable: durable), scratch)
            }
        }
    }
}

/// A folder that is gone after the test.
func withScratchFolder(_ test: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "telecine-objects-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await test(folder)
}

/// The code of the `ServiceError` that `body` throws; records an issue when it throws none.
func code(of body: () async throws -> Void) async -> ServiceError.Code? {
    do {
        try await body()
        Issue.record("nothing was thrown")
    } catch let error as ServiceError {
        return error.code
    } catch {
        Issue.record("not a ServiceError: \(error)")
    }
    return nil
}

extension ObjectStore {
    func text(_ key: String, _ range: Range<Int64>? = nil) async throws -> String {
        String(decoding: try await get(ObjectKey(key), range: range).collect(upTo: 1 << 24), as: UTF8.self)
    }

    @discardableResult
    func put(_ key: String, _ text: String) async throws -> ObjectInfo {
        try await put(ObjectKey(key), bytes: Array(text.utf8))
    }

    func keys(_ prefix: String, after: String? = nil, limit: Int = 100) async throws -> [String] {
        let after = try after.map { text throws in try ObjectKey(text) }
        return try await list(prefix: prefix, after: after, limit: limit).map(\.key.rawValue)
    }
}
