import Core
import Foundation
import Testing

@testable import Service

@Suite struct AccountsSecretTests {
    private func withFolder(_ work: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/telecine-secret-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await work(folder)
    }

    @Test("the first start makes a secret that only its user can read, and later starts use the same")
    func made() async throws {
        try await withFolder { folder in
            let first = try TokenSecret(configured: nil, dataDir: folder).key(for: "test")
            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/jwt-secret")[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600)
            #expect(try TokenSecret(configured: nil, dataDir: folder).key(for: "test") == first)
            #expect(try TokenSecret(configured: nil, dataDir: folder).key(for: "other") != first)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["jwt-secret"])
        }
    }

    @Test("processes that start at once agree on one secret")
    func together() async throws {
        try await withFolder { folder in
            let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<16 {
                    group.addTask { try TokenSecret(configured: nil, dataDir: folder).key(for: "test") }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(keys.count == 1)
        }
    }

    @Test(
        "a weak secret is refused in one line that says how to make one",
        arguments: [
            "", "secret", "changeme", "your-secure-jwt-secret-key-should-be-long-and-random",
            "Your_Secure_JWT_Secret_Key", String(repeating: "a", count: 64),
            String(repeating: "abcdefghijkl", count: 4),
            "change-me-please-change-me-please-0123", "kX9vQ2mZ7pL4tR8wB1nC6yH3sD5fG0",
            "my-super-secret-key-for-jwt-2024!",
        ]
    )
    func weak(_ secret: String) async throws {
        try await withFolder { folder in
            let error = #expect(throws: ServiceError.self) {
                try TokenSecret(configured: secret, dataDir: folder)
            }
            #expect(error?.message.contains("openssl rand -base64 48") == true)
            #expect(error?.message.contains("\n") == false)
        }
    }

    @Test("random secrets are accepted as openssl and friends print them")
    func strong() {
        for _ in 0..<200 {
            let bytes = (0..<48).map { _ in UInt8.random(in: 0...255) }
            #expect(SecretStrength.isEnough(Data(bytes).base64EncodedString()))
            #expect(SecretStrength.isEnough(bytes.prefix(32).map { String(format: "%02x", $0) }.joined()))
        }
    }

    @Test("a secret file that somebody made weak is refused by its path")
    func weakFile() async throws {
        try await withFolder { folder in
            try "secret".write(toFile: folder + "/jwt-secret", atomically: true, encoding: .utf8)
            let error = #expect(throws: ServiceError.self) { try TokenSecret(configured: nil, dataDir: folder) }
            #expect(error?.message.contains("jwt-secret") == true)
        }
    }
}

@Suite struct AccountsLimiterTests {
    @Test("a bucket gives its burst, then one token an interval, and never more than the burst")
    func bucket() throws {
        let clock = Clock(Timestamp(seconds: 1000))
        let limiter = RateLimiter(.init(burst: 3, interval: .seconds(10)), capacity: 10, now: { clock.now })
        for _ in 0..<3 { try limiter.take("a") }
        let error = #expect(throws: ServiceError.self) { try limiter.take("a") }
        #expect(error?.retryAfter == .seconds(10))
        clock.pass(.seconds(10))
        try limiter.take("a")
        clock.pass(.seconds(10_000))
        for _ in 0..<3 { try limiter.take("a") }
        #expect(throws: ServiceError.self) { try limiter.take("a") }
        clock.pass(.seconds(-5000))
        #expect(throws: ServiceError.self) { try limiter.take("a") }
    }

    @Test("a token given back can be taken again, and a bucket never overflows")
    func givingBack() throws {
        let clock = Clock(Timestamp(seconds: 1000))
        let limiter = RateLimiter(.init(burst: 1, interval: .seconds(10)), capacity: 10, now: { clock.now })
        try limiter.take("a")
        for _ in 0..<3 { limiter.giveBack("a") }
        try limiter.take("a")
        #expect(throws: ServiceError.self) { try limiter.take("a") }
    }

    @Test("memory stays within the capacity, and a flood of keys forgets the oldest first")
    func capacity() throws {
        let clock = Clock(Timestamp(seconds: 1000))
        let limiter = RateLimiter(.init(burst: 1, interval: .seconds(1_000_000)), capacity: 100, now: { clock.now })
        for number in 0..<1000 {
            clock.pass(.milliseconds(1))
            try limiter.take("key \(number)")
            #expect(limiter.count <= 100)
        }
        #expect(throws: ServiceError.self) { try limiter.take("key 999") }
        try limiter.take("key 0")
    }
}
