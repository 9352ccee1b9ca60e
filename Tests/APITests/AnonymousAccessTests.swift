import Core
import HTTP
import SQL
import Service
import Testing

@testable import API

@Suite struct AnonymousAccessTests {
    /// What an asset's addresses answer to somebody.
    private func statuses(_ service: ServiceUnderTest, _ name: String, token: String? = nil) async throws -> [Int] {
        let number = name.dropFirst("asset_".count)
        var statuses: [Int] = []
        for path in ["/media/\(name)", "/media/\(name)/stream", "/api/assets/\(number)", "/api/media/\(number)/"] {
            statuses.append(try await service.send(.get, path, token: token).status)
        }
        return statuses
    }

    private func setPublic(_ service: ServiceUnderTest, _ name: String, token: String) async throws {
        let path = "/api/media/\(name.dropFirst("asset_".count))/"
        #expect(try await service.send(.patch, path, #"{"is_public": true}"#, token: token).status == 200)
    }

    @Test("what is public is read by everybody where the installation says so, and changed by its owner alone")
    func publicMedia() async throws {
        let service = try await ServiceUnderTest(anonymous: .publicMedia)
        let owner = try await service.register("ann")
        let stranger = try await service.register("bob")
        let name = try await service.asset(token: owner)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'playable'") }
        #expect(try await statuses(service, name) == [401, 401, 401, 401])
        #expect(try await statuses(service, name, token: stranger) == [403, 403, 403, 403])
        #expect(try await statuses(service, name, token: "x") == [401, 401, 401, 401])
        try await setPublic(service, name, token: owner)
        #expect(try await statuses(service, name) == [200, 200, 200, 200])
        #expect(try await statuses(service, name, token: stranger) == [200, 200, 200, 200])
        #expect(try await service.send(.get, "/api/assets").status == 401)
        #expect(try await service.send(.get, "/media/asset_1").status == 404)
        #expect(try await service.send(.get, "/api/assets/\(name)/versions").status == 401)
        for token in [nil, stranger] {
            let refused = token == nil ? 401 : 403
            #expect(try await service.send(.delete, "/api/assets/\(name)", token: token).status == refused)
            let change = try await service.send(.patch, "/api/assets/\(name)", #"{"title": "x"}"#, token: token)
            #expect(change.status == refused)
        }
    }

    @Test(
        "the description says where signing in is optional, as the installation is set up",
        arguments: AnonymousAccess.allCases
    )
    func described(_ anonymous: AnonymousAccess) async throws {
        let service = try await ServiceUnderTest(anonymous: anonymous)
        let owner = try await service.register("ann")
        let name = try await service.asset(token: owner)
        try await setPublic(service, name, token: owner)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'playable'") }
        struct Document: Decodable {
            struct Operation: Decodable { let security: [[String: [String]]]? }
            struct Item: Decodable { let get: Operation? }
            let paths: [String: Item]
        }
        let document = try (try await service.send(.get, "/openapi.json")).decoded(Document.self)
        var asked = 0
        for (path, item) in document.paths {
            guard let operation = item.get, path.contains("{id}"), path.hasPrefix("/media/") || path.hasPrefix("/api/")
            else { continue }
            let id = path.hasSuffix("/") ? String(name.dropFirst("asset_".count)) : name
            let status = try await service.send(.get, path.replacing("{id}", with: id)).status
            let isOpen = operation.security?.contains { $0.isEmpty } ?? false
            #expect(isOpen == (status == 200), "\(path) answers \(status)")
            asked += isOpen ? 1 : 0
        }
        #expect(asked == (anonymous == .publicMedia ? 4 : 0))
    }

    @Test("by itself an installation shows nobody what is public, but to its owner")
    func closed() async throws {
        let service = try await ServiceUnderTest()
        let owner = try await service.register("ann")
        let name = try await service.asset(token: owner)
        try await service.database.write { try $0.run("UPDATE versions SET status = 'playable'") }
        try await setPublic(service, name, token: owner)
        #expect(try await statuses(service, name) == [401, 401, 401, 401])
        #expect(try await statuses(service, name, token: owner) == [200, 200, 200, 200])
    }
}
