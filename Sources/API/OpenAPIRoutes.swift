internal import Core
internal import Foundation
package import HTTP
package import Service

/// `/openapi.json`: what every operation takes and answers (OpenAPI 3.1).
///
/// The parts in `OpenAPI/` are written by hand, one file a group of operations; a test compares them with the router.
package struct OpenAPIRoutes: Sendable {
    private let document: StaticContent

    /// - Throws: when the parts are not beside the binary, or do not fit together.
    package init(anonymous: AnonymousAccess = .nothing) throws {
        let document = Self.document(try Self.merged(try Self.parts()), anonymous: anonymous)
        let data = try JSONSerialization.data(
            withJSONObject: document,
            options: [.sortedKeys, .withoutEscapingSlashes]
        )
        self.document = StaticContent([UInt8](data), contentType: "application/json")
    }

    package func register(on router: inout Router) {
        router.on(.get, "/openapi.json") { request in
            var response = document.response(for: request)
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response
        }
    }

    /// The parts by the names of their files.
    static func parts() throws -> [String: [String: Any]] {
        guard let folder = Bundle.module.resourceURL?.appendingPathComponent("OpenAPI") else {
            throw ServiceError(
                .internalFailure,
                "The API's description is missing: telecine_API.resources must stand beside telecine."
            )
        }
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var parts: [String: [String: Any]] = [:]
        for file in files where file.pathExtension == "json" {
            let part = try JSONSerialization.jsonObject(with: try Data(contentsOf: file))
            guard let part = part as? [String: Any] else { throw unfit("\(file.lastPathComponent) is no object") }
            parts[file.lastPathComponent] = part
        }
        return parts
    }

    /// One document; what stands in two parts is an error.
    static func merged(_ parts: [String: [String: Any]]) throws -> [String: Any] {
        try parts.sorted { $0.key < $1.key }.reduce(into: [:]) { whole, part in
            try merge(part.value, into: &whole, at: part.key)
        }
    }

    private static func merge(_ part: [String: Any], into whole: inout [String: Any], at place: String) throws {
        for (key, value) in part {
            guard let known = whole[key] else {
                whole[key] = value
                continue
            }
            guard var known = known as? [String: Any], let value = value as? [String: Any] else {
                throw unfit("\(place): \(key) stands in another file too")
            }
            try merge(value, into: &known, at: "\(place): \(key)")
            whole[key] = known
        }
    }

    /// The document as it is here: where what is public is for everybody, reading it needs no sign-in.
    static func document(_ whole: [String: Any], anonymous: AnonymousAccess) -> [String: Any] {
        guard anonymous == .publicMedia, let usual = whole["security"] as? [Any],
            let paths = whole["paths"] as? [String: [String: Any]]
        else { return whole }
        var open = whole
        open["paths"] = paths.mapValues { item in
            item.mapValues { operation -> Any in
                guard var operation = operation as? [String: Any], operation["x-public-media"] as? Bool == true else {
                    return operation
                }
                operation["security"] = [[String: Any]()] + usual
                return operation
            }
        }
        return open
    }

    private static func unfit(_ words: String) -> ServiceError {
        ServiceError(.internalFailure, "The API's description does not fit together: \(words).")
    }
}
