import Core
import Foundation
import ObjectStorage
import Testing

/// What every kind of store does alike.
@Suite struct StoreConformance {
    @Test("bytes come back as they were stored, and so does what is known of them", arguments: StoreUnderTest.all)
    func bytes(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let key = try ObjectKey("assets/1/v1/poster.jpg")
            let before = Timestamp.now + .seconds(-2)
            let info = try await store.put(key, bytes: [1, 2, 3])
            #expect(info.key == key && info.size == 3 && !info.etag.isEmpty)
            #expect(info.modified > before && info.modified < .now + .seconds(2))
            #expect(try await store.head(key) == info)
            let body = try await store.get(key, range: nil)
            #expect(body.info == info && body.range == 0..<3)
            #expect(try await body.collect(upTo: 3) == [1, 2, 3])
            #expect(await code { _ = try await store.get(key, range: nil).collect(upTo: 2) } == .tooLarge)
        }
    }

    @Test("an empty object is an object", arguments: StoreUnderTest.all)
    func empty(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let info = try await store.put("empty", "")
            #expect(info.size == 0)
            #expect(try await store.text("empty") == "")
            #expect(try await store.text("empty", 0..<10) == "")
            #expect(try await store.keys("") == ["empty"])
        }
    }

    @Test("what was never stored is not there", arguments: StoreUnderTest.all)
    func missing(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            try await store.put("a/b", "x")
            for name in ["c", "a/c", "c/d", "a", "a/b/c"] {
                let key = try ObjectKey(name)
                #expect(try await store.head(key) == nil, "\(name)")
                #expect(await code { _ = try await store.get(key, range: nil) } == .notFound, "\(name)")
                #expect(await code { _ = try await store.copy(key, to: ObjectKey("z")) } == .notFound, "\(name)")
                try await store.delete(key)
            }
            #expect(try await store.keys("") == ["a/b"])
        }
    }

    @Test("a ranged read returns exactly the range", arguments: StoreUnderTest.all)
    func ranges(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            try await store.put("digits", "0123456789")
            #expect(try await store.text("digits", 0..<1) == "0")
            #expect(try await store.text("digits", 3..<7) == "3456")
            #expect(try await store.text("digits", 8..<100) == "89")
            #expect(try await store.text("digits", 5..<5) == "")
            #expect(try await store.text("digits", 10..<20) == "")
            #expect(try await store.get(ObjectKey("digits"), range: 8..<100).range == 8..<10)
        }
    }

    @Test("a large object is read in bounded chunks", arguments: StoreUnderTest.all)
    func chunks(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let key = try ObjectKey("large")
            _ = try await store.put(key, bytes: bytes)
            var read: [UInt8] = []
            for try await chunk in try await store.get(key, range: 7..<3_000_000) {
                #expect(!chunk.isEmpty && chunk.count <= 1 << 20)
                read += chunk
            }
            #expect(read == Array(bytes[7..<3_000_000]))
        }
    }

    @Test("a stream is stored when it ends", arguments: StoreUnderTest.all)
    func stream(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let key = try ObjectKey("a/stream")
            let info = try await store.put(key) { writer in
                for piece in ["one ", "two ", "", "three"] {
                    try await writer.write(Array(piece.utf8))
                    #expect(try await store.head(key) == nil)
                }
            }
            #expect(info.size == 13)
            #expect(try await store.text("a/stream") == "one two three")
        }
    }

    @Test("a stream that fails leaves what was there before", arguments: StoreUnderTest.all)
    func failingStream(_ make: StoreUnderTest) async throws {
        struct Broken: Error {}
        try await make.with { store, _ in
            try await store.put("a", "before")
            await #expect(throws: Broken.self) {
                _ = try await store.put(ObjectKey("a")) { writer in
                    try await writer.write([1])
                    throw Broken()
                }
            }
            #expect(try await store.text("a") == "before")
            #expect(try await store.keys("") == ["a"])
        }
    }

    @Test("a file is stored by copy, or taken over and gone", arguments: StoreUnderTest.all)
    func files(_ make: StoreUnderTest) async throws {
        try await make.with { store, scratch in
            let file = scratch.appending(path: "upload").path
            try Data("content".utf8).write(to: URL(filePath: file))
            let copied = try await store.put(ObjectKey("copy"), file: file, consuming: false)
            #expect(copied.size == 7)
            #expect(FileManager.default.fileExists(atPath: file))
            let taken = try await store.put(ObjectKey("deep/er/taken"), file: file, consuming: true)
            #expect(taken.size == 7)
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(try await store.text("copy") == "content")
            #expect(try await store.text("deep/er/taken") == "content")
        }
    }

    @Test("what is no file is refused and left alone", arguments: StoreUnderTest.all)
    func noFiles(_ make: StoreUnderTest) async throws {
        try await make.with { store, scratch in
            let secret = scratch.appending(path: "secret").path
            try Data("secret".utf8).write(to: URL(filePath: secret))
            let link = scratch.appending(path: "link").path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: secret)
            let fifo = scratch.appending(path: "fifo").path
            #expect(mkfifo(fifo, 0o600) == 0)
            for path in [link, fifo, scratch.path, scratch.path + "/missing"] {
                for consuming in [false, true] {
                    await #expect(throws: ServiceError.self) {
                        try await store.put(ObjectKey("x"), file: path, consuming: consuming)
                    }
                }
            }
            #expect(try await store.keys("") == [])
            #expect(FileManager.default.fileExists(atPath: secret))
        }
    }

    @Test("a copy stands on its own", arguments: StoreUnderTest.all)
    func copies(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            try await store.put("a", "one")
            let info = try await store.copy(ObjectKey("a"), to: ObjectKey("b/c"))
            #expect(info.key.rawValue == "b/c" && info.size == 3)
            try await store.put("a", "two")
            try await store.delete(ObjectKey("a"))
            #expect(try await store.text("b/c") == "one")
            _ = try await store.copy(ObjectKey("b/c"), to: ObjectKey("b/c"))
            #expect(try await store.text("b/c") == "one")
        }
    }

    @Test(
        "new content has a new tag, and who reads the former content reads it to its end",
        arguments: StoreUnderTest.all
    )
    func replacing(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let first = try await store.put("a", "first")
            let body = try await store.get(ObjectKey("a"), range: nil)
            let second = try await store.put("a", "other")
            #expect(first.etag != second.etag)
            #expect(String(decoding: try await body.collect(upTo: 10), as: UTF8.self) == "first")
            let rest = try await store.get(ObjectKey("a"), range: nil)
            try await store.delete(ObjectKey("a"))
            #expect(String(decoding: try await rest.collect(upTo: 10), as: UTF8.self) == "other")
        }
    }

    @Test("readers of a key that many write see one of the contents whole", arguments: StoreUnderTest.all)
    func concurrentPuts(_ make: StoreUnderTest) async throws {
        try await make.with { store, _ in
            let key = try ObjectKey("a/b/contested")
            let size = 300_000
            _ = try await store.put(key, bytes: [UInt8](repeating: 0, count: size))
            try await withThrowingTaskGroup { group in
                for writer in 1...4 {
                    group.addTask {
                        for round in 0..<8 {
                            let bytes = [UInt8](repeating: UInt8(writer * 16 + round), count: size + writer)
                            _ = try await store.put(key, bytes: bytes)
                        }
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<16 {
                            let bytes = try await store.get(key, range: nil).collect(upTo: 1 << 20)
                            #expect(Set(bytes).count == 1)
                            #expect(bytes.count == size + Int(bytes[0]) / 16)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.keys("") == ["a/b/contested"])
        }
    }
}
