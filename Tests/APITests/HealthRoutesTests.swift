import Core
import Foundation
import HTTP
import SQL
import Service
import Testing

@testable import API

@Suite struct HealthRoutesTests {
    private static let full = HealthCheck(.storage) {
        HealthProblem("too_full", "The disk is nearly full.", detail: "/srv/secret-place")
    }

    @Test("what is well answers 200; what is not 503 with the reason, and no place, while it is alive")
    func readiness() async throws {
        let well = try await ServiceUnderTest()
        for path in ["/health", "/health/ready", "/health/live", "/api/health"] {
            #expect(try await well.send(.get, path).status == 200, "\(path)")
        }
        let ill = try await ServiceUnderTest(checks: [Self.full])
        for path in ["/health", "/health/ready"] {
            let answer = try await ill.send(.get, path)
            #expect(answer.status == 503)
            #expect(answer.response.headers["Cache-Control"] == "no-store")
            let health = try answer.decoded(ServiceHealth.self)
            #expect(health.service == "telecine")
            #expect(health.problems == [.init(check: "storage", code: "too_full", reason: "The disk is nearly full.")])
            #expect(!String(decoding: answer.bytes, as: UTF8.self).contains("secret"))
        }
        #expect(try await ill.send(.get, "/health/live").status == 200)
        #expect(try await ill.send(.head, "/health").status == 503)
    }

    @Test("a database that is gone takes readiness, not life")
    func withoutDatabase() async throws {
        let service = try await ServiceUnderTest()
        await service.database.close()
        #expect(try await service.send(.get, "/health/live").status == 200)
        let answer = try await service.send(.get, "/health/ready")
        #expect(answer.status == 503)
        let codes = try answer.decoded(ServiceHealth.self).problems.map(\.code)
        #expect(codes == ["not_writable", "unknown"])
    }

    @Test("at a service's own port it answers for itself; all of them stand in /api/health")
    func services() async throws {
        let queueOnly = HealthCheck(.queue) { HealthProblem("too_old", "Work has waited for long.") }
        let service = try await ServiceUnderTest(checks: [queueOnly])
        let uploads = try await service.send(.get, "/health", port: 3001)
        #expect(uploads.status == 200)
        #expect(try uploads.decoded(ServiceHealth.self).service == "upload-manager")
        #expect(try await service.send(.get, "/health").status == 503)
        let answer = try await service.send(.get, "/api/health", port: 3006)
        #expect(answer.status == 503)
        let system = try answer.decoded(SystemHealth.self)
        #expect(system.services["workers"]?.status == .unavailable)
        #expect(system.services.filter { $0.value.status == .ok }.count == 5)
    }

    @Test("the status page is the first page of the status checker's port")
    func page() async throws {
        let service = try await ServiceUnderTest()
        var tags: [String?] = []
        for (path, port) in [("/status", 3000), ("/", 3006), ("/", 3000)] as [(String, UInt16)] {
            let answer = try await service.send(.get, path, port: port)
            #expect(answer.status == 200)
            tags.append(answer.response.headers["ETag"])
        }
        #expect(tags[0] != nil && tags[0] == tags[1] && tags[0] != tags[2])
    }

    @Test("details are for administrators")
    func details() async throws {
        let service = try await ServiceUnderTest(checks: [Self.full])
        #expect(try await service.send(.get, "/api/admin/status").status == 401)
        let token = try await service.register("somebody")
        #expect(try await service.send(.get, "/api/admin/status", token: token).status == 403)
    }

    @Test("failures are counted by their reason")
    func errors() async throws {
        let metrics = Metrics()
        let service = try await ServiceUnderTest(metrics: metrics)
        _ = try await service.send(.get, "/api/admin/status")
        _ = try await service.send(.get, "/api/assets/asset_1", token: try await service.register("somebody"))
        let errors = try #require(await metrics.read().first { $0.name == "telecine_errors_total" })
        let counts = Dictionary(uniqueKeysWithValues: errors.samples.map { ($0.labels[0].1, $0.value) })
        #expect(counts == ["unauthenticated": 1, "not_found": 1])
    }
}
