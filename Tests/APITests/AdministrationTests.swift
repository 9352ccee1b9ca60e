import Core
import HTTP
import Testing

@testable import API

@Suite("Administration")
struct AdministrationTests {
    private func day(_ text: String) throws -> Timestamp? {
        try Administration.day("from", in: .testing(.get, "/api/admin/media?from=\(text)"))
    }

    @Test("a day of the calendar is its beginning; none is no filter")
    func days() throws {
        #expect(try day("2024-02-29")?.iso8601 == "2024-02-29T00:00:00Z")
        #expect(try day("") == nil)
    }

    @Test(
        "what is no day of the calendar is refused, not read as another one",
        arguments: ["2025-02-31", "2025-12-04x", "2025-12-4", "2025-12-04T00:00:00Z", "292277-01-01", "-1", "1e400"]
    )
    func nonsense(_ text: String) {
        let error = #expect(throws: ServiceError.self) { try day(text) }
        #expect(error?.field == "from")
    }
}
