import Core
import ObjectStorage
import Testing

extension StoreConformance {
    @Suite struct Lists {
        private static let names = [
            "B", "a-b", "a.b/c", "a/b", "a/c/d", "a/c-d", "a0", "ab/c", "z/1/x", "z/10/x", "z/2/x",
        ]

        private func with(
            _ make: StoreUnderTest,
            _ test: (any ObjectStore) async throws -> Void
        ) async throws {
            try await make.with { store, _ in
                for name in Self.names.shuffled() { try await store.put(name, name) }
                try await test(store)
            }
        }

        @Test("a list is in the order of bytes and holds what begins with the prefix", arguments: StoreUnderTest.all)
        func prefixes(_ make: StoreUnderTest) async throws {
            let sorted = Self.names.sorted()
            try await with(make) { store in
                for prefix in ["", "a", "a/", "a/c", "a/c/", "a/c/d", "z/1", "z/1/", "z", "y", "a/b/", "B", "a-"] {
                    let expected = sorted.filter { $0.hasPrefix(prefix) }
                    #expect(try await store.keys(prefix) == expected, "\(prefix)")
                }
                let infos = try await store.list(prefix: "a/c/", after: nil, limit: 1)
                #expect(try await infos == [store.head(ObjectKey("a/c/d"))])
            }
        }

        @Test("pages of any size put together are the whole list", arguments: StoreUnderTest.all)
        func pages(_ make: StoreUnderTest) async throws {
            try await with(make) { store in
                for limit in 1...4 {
                    for prefix in ["", "a", "z/"] {
                        var all: [String] = []
                        while true {
                            let page = try await store.keys(prefix, after: all.last, limit: limit)
                            #expect(page.count <= limit)
                            if page.isEmpty { break }
                            all += page
                        }
                        #expect(all == Self.names.sorted().filter { $0.hasPrefix(prefix) })
                    }
                }
                // After a key that was deleted meanwhile, or never was.
                #expect(try await store.keys("", after: "a/c", limit: 2) == ["a/c-d", "a/c/d"])
                #expect(try await store.keys("", after: "zz") == [])
            }
        }

        @Test("a prefix that no key can have, and a page of nothing, are refused", arguments: StoreUnderTest.all)
        func refused(_ make: StoreUnderTest) async throws {
            try await with(make) { store in
                for prefix in ["/", "../", "a//", ".", "a/.", "a/../", ".tmp/", "a b", "\0"] {
                    #expect(await code { _ = try await store.keys(prefix) } == .invalidRequest, "\(prefix)")
                }
                #expect(await code { _ = try await store.keys("", limit: 0) } == .invalidRequest)
            }
        }

        @Test("deleting a folder takes all of it and nothing beside it", arguments: StoreUnderTest.all)
        func deletePrefix(_ make: StoreUnderTest) async throws {
            try await with(make) { store in
                let first = try await store.delete(prefix: "z/1/")
                #expect(first == 1)
                #expect(try await store.delete(prefix: "a/") == 3)
                #expect(try await store.delete(prefix: "nothing/") == 0)
                let gone = ["a/b", "a/c/d", "a/c-d", "z/1/x"]
                let left = Self.names.sorted().filter { !gone.contains($0) }
                #expect(try await store.keys("") == left)
                for prefix in ["", "z", "z/1", "/", "../", "a/../"] {
                    #expect(await code { _ = try await store.delete(prefix: prefix) } == .invalidRequest, "\(prefix)")
                }
            }
        }

        @Test("puts and deletes in one folder do not disturb each other", arguments: StoreUnderTest.all)
        func foldersComeAndGo(_ make: StoreUnderTest) async throws {
            try await make.with { store, _ in
                try await withThrowingTaskGroup { group in
                    for worker in 0..<4 {
                        group.addTask {
                            for _ in 0..<50 {
                                let key = try ObjectKey("deep/er/still/\(worker)")
                                _ = try await store.put(key, bytes: [1])
                                #expect(try await store.head(key) != nil)
                                try await store.delete(key)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await store.keys("") == [])
            }
        }
    }
}
