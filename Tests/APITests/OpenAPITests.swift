import Foundation
import HTTP
import Testing

@testable import API

/// The description of the API against what is routed.
@Suite("OpenAPI")
struct OpenAPITests {
    private static let methods = ["get", "put", "post", "delete", "options", "head", "patch"]

    /// `GET /api/uploads/{id}`, and the file that describes it.
    private static func described() throws -> [String: String] {
        var described: [String: String] = [:]
        for (file, part) in try OpenAPIRoutes.parts() {
            for (path, value) in part["paths"] as? [String: [String: Any]] ?? [:] {
                let overridden = value["x-by-override"] as? [String] ?? []
                for address in [path] + (value["x-also"] as? [String] ?? []) {
                    for method in methods where value[method] != nil || overridden.contains(method) {
                        for address in expanded(address, value) {
                            let line = "\(method.uppercased()) \(address)"
                            #expect(described.updateValue(file, forKey: line) == nil, "\(line) is described twice")
                        }
                    }
                }
            }
        }
        return described
    }

    /// A path whose parameter is one of a few words stands for a literal path each, when there are such routes.
    private static func expanded(_ path: String, _ item: [String: Any]) -> [String] {
        guard item["x-literal"] as? Bool == true, let parameters = item["parameters"] as? [[String: Any]] else {
            return [path]
        }
        return parameters.reduce([path]) { paths, parameter in
            guard let name = parameter["name"] as? String, let schema = parameter["schema"] as? [String: Any],
                let words = schema["enum"] as? [String]
            else { return paths }
            return paths.flatMap { path in words.map { path.replacing("{\(name)}", with: $0) } }
        }
    }

    /// A pattern of the router as OpenAPI writes it.
    private static func template(_ pattern: String) -> String {
        pattern.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") || $0.hasPrefix("*") ? "{\($0.dropFirst())}" : String($0) }
            .joined(separator: "/")
    }

    @Test("every route is described, and nothing else is")
    func routesAndDescriptionAgree() async throws {
        let routed = Set(try await ServiceUnderTest().routes.map { "\($0.0) \(Self.template($0.1))" })
        let described = try Self.described()
        for line in routed.subtracting(described.keys).sorted() {
            Issue.record(
                """
                \(line) is routed and not described. Describe it under "paths" of the fitting file in \
                Sources/API/OpenAPI/ (README.md there), or name it in "x-also" of the path that does the same.
                """
            )
        }
        for (line, file) in described.sorted(by: { $0.key < $1.key }) where !routed.contains(line) {
            Issue.record("\(line) is described in Sources/API/OpenAPI/\(file) and not routed: remove it there.")
        }
    }

    @Test("operations have names of their own, known tags, and all parameters of their paths")
    func operationsAreWhole() throws {
        let document = try OpenAPIRoutes.merged(try OpenAPIRoutes.parts())
        let tags = Set((document["tags"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String })
        var names: Set<String> = []
        for (path, item) in document["paths"] as? [String: [String: Any]] ?? [:] {
            let shared = item["parameters"] as? [[String: Any]] ?? []
            let declared = try shared.map { try Self.parameterName($0, in: document) }
            #expect(Set(declared) == Set(path.matches(of: /\{(\w+)\}/).map { String($0.1) }), "parameters of \(path)")
            for method in Self.methods {
                guard let operation = item[method] as? [String: Any] else { continue }
                let place = "\(method) \(path)"
                let name = try #require(operation["operationId"] as? String, "\(place) has no operationId")
                #expect(names.insert(name).inserted, "\(name) stands twice, the second time at \(place)")
                #expect((operation["summary"] as? String)?.isEmpty == false, "\(place) has no summary")
                let own = operation["tags"] as? [String] ?? []
                #expect(own.count == 1 && tags.isSuperset(of: own), "\(place) needs one tag of base.json")
            }
        }
        #expect(!names.isEmpty)
    }

    private static func parameterName(_ parameter: [String: Any], in document: [String: Any]) throws -> String {
        let found = (parameter["$ref"] as? String).map { resolve($0, in: document) } ?? parameter
        return try #require((found as? [String: Any])?["name"] as? String)
    }

    @Test("every reference leads somewhere")
    func referencesResolve() throws {
        let document = try OpenAPIRoutes.merged(try OpenAPIRoutes.parts())
        for reference in Set(Self.references(in: document)) {
            #expect(Self.resolve(reference, in: document) != nil, "\(reference) leads nowhere")
        }
    }

    private static func references(in value: Any) -> [String] {
        switch value {
        case let object as [String: Any]:
            ((object["$ref"] as? String).map { [$0] } ?? []) + object.values.flatMap(references)
        case let list as [Any]: list.flatMap(references)
        default: []
        }
    }

    private static func resolve(_ reference: String, in document: [String: Any]) -> Any? {
        reference.split(separator: "/").dropFirst().reduce(document as Any?) { place, key in
            (place as? [String: Any])?[String(key)]
        }
    }

    @Test("the description is served as JSON that can be asked for again")
    func served() async throws {
        let answer = try await ServiceUnderTest().send(.get, "/openapi.json").response
        #expect(answer.status == .ok)
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect(answer.headers["ETag"] != nil)
    }
}
