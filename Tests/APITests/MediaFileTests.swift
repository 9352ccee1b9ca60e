import Core
import Foundation
import HTTP
import Testing

@testable import API

@Suite struct PageNumbersTests {
    private func numbers(_ query: String) throws -> PageNumbers {
        try PageNumbers(.testing(.get, "/api/media/?\(query)"))
    }

    @Test("pages are numbers from one; a size that makes no sense is the usual one")
    func read() throws {
        #expect(try numbers("").page == 1 && numbers("").size == 20)
        #expect(try numbers("page=3&page_size=7").page == 3 && numbers("page_size=7").size == 7)
        for (text, size) in [("0", 20), ("-4", 20), ("x", 20), ("5000", 100)] {
            #expect(try numbers("page_size=\(text)").size == size)
        }
        for text in ["0", "x", "-1", "1.5", "99999999999"] {
            #expect(throws: ServiceError.self) { try numbers("page=\(text)") }
        }
    }

    @Test("the query of another page keeps the filters, and nothing that somebody slipped in")
    func keep() throws {
        let request = Request.testing(.get, "/api/media/?type=image&page=2&status=ready&x=1&page_size=5%26y%3D1")
        let numbers = try PageNumbers(request)
        #expect(numbers.query(to: 3, of: request) == "?type=image&status=ready&page=3")
        #expect(numbers.query(to: 1, of: request) == "?type=image&status=ready")
    }
}
