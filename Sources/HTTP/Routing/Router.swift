/// Finds the handler of a path.
///
/// Patterns: `/api/uploads/:id/chunks` binds `id` to one segment, `/stream/*path` binds the rest. A literal beats a
/// parameter, a parameter beats a wildcard, segment by segment from the left. A slash at the end is significant.
package struct Router: Sendable {
    private var root = RouteNode()
    /// Every route in the order it was added.
    package private(set) var routes: [(HTTPMethod, String)] = []

    package init() {}

    /// Adds a route.
    ///
    /// The same method and pattern twice is a programmer's error.
    package mutating func on(_ method: HTTPMethod, _ pattern: String, _ handler: @escaping Handler) {
        precondition(pattern.hasPrefix("/"), "a pattern begins with a slash: \(pattern)")
        let segments = Self.segments(pattern)
        var names: [String] = []
        for (index, segment) in segments.enumerated() {
            if segment.hasPrefix(":") || segment.hasPrefix("*") { names.append(String(segment.dropFirst())) }
            precondition(
                !segment.hasPrefix("*") || index == segments.count - 1,
                "a wildcard ends its pattern: \(pattern)"
            )
        }
        precondition(Set(names).count == names.count, "a parameter's name stands twice in \(pattern)")
        let isNew = root.insert(segments[...], method, Route(pattern: pattern, names: names, handler: handler))
        precondition(isNew, "\(method) \(pattern) is already routed")
        routes.append((method, pattern))
    }

    /// Answers a request.
    ///
    /// `HEAD` falls back to `GET`; `OPTIONS` is answered with `Allow`; an unknown path is 404, a known path with
    /// another method 405 with `Allow`.
    package func respond(to request: Request) async throws -> Response {
        var request = request
        if request.path == "*" { return Response(.noContent, headers: ["Allow": Self.allow(Set(routes.map(\.0)))]) }
        let segments = request.segments[...]
        let wanted = request.method
        var match = root.find(segments, wanted)
        if match == nil, wanted == .head { match = root.find(segments, .get) }
        guard let match else {
            var known: Set<HTTPMethod> = []
            root.gather(segments, &known)
            return Self.refusal(of: wanted, known)
        }
        for (name, value) in zip(match.route.names, match.values) { request.parameters[name] = value }
        request.note(route: match.route.pattern)
        return try await match.route.handler(request)
    }

    private static func refusal(of method: HTTPMethod, _ known: Set<HTTPMethod>) -> Response {
        guard !known.isEmpty else { return .problem(.notFound, code: "not_found", "There is nothing at this address.") }
        if method == .options { return Response(.noContent, headers: ["Allow": allow(known)]) }
        var response = Response.problem(
            .methodNotAllowed,
            code: "method_not_allowed",
            "\(method) is not possible at this address."
        )
        response.headers["Allow"] = allow(known)
        return response
    }

    private static func allow(_ methods: Set<HTTPMethod>) -> String {
        var names = Set(methods.map(\.rawValue)).union(["OPTIONS"])
        if methods.contains(.get) { names.insert("HEAD") }
        return names.sorted().joined(separator: ", ")
    }

    static func segments(_ pattern: String) -> [String] {
        pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }
}

struct Route: Sendable {
    let pattern: String
    let names: [String]
    let handler: Handler
}

/// One segment of the tree of patterns.
struct RouteNode: Sendable {
    typealias Match = (route: Route, values: [String])

    private var literals: [String: RouteNode] = [:]
    /// At most one element: a struct cannot hold itself otherwise.
    private var parameter: [RouteNode] = []
    private var wildcard: [HTTPMethod: Route] = [:]
    private var here: [HTTPMethod: Route] = [:]

    /// - Returns: false when the place is taken.
    mutating func insert(_ segments: ArraySlice<String>, _ method: HTTPMethod, _ route: Route) -> Bool {
        guard let segment = segments.first else { return here.updateValue(route, forKey: method) == nil }
        if segment.hasPrefix("*") { return wildcard.updateValue(route, forKey: method) == nil }
        if segment.hasPrefix(":") {
            if parameter.isEmpty { parameter.append(RouteNode()) }
            return parameter[0].insert(segments.dropFirst(), method, route)
        }
        return literals[segment, default: RouteNode()].insert(segments.dropFirst(), method, route)
    }

    /// The best route that has the method.
    func find(_ segments: ArraySlice<String>, _ method: HTTPMethod) -> Match? {
        guard let segment = segments.first else { return here[method].map { ($0, []) } }
        if let match = literals[segment]?.find(segments.dropFirst(), method) { return match }
        // An empty segment is a doubled slash or one at the end: no parameter has it for a value.
        if !segment.isEmpty, let match = parameter.first?.find(segments.dropFirst(), method) {
            return (match.route, [segment] + match.values)
        }
        return wildcard[method].map { ($0, [segments.joined(separator: "/")]) }
    }

    /// Adds the methods of every route that matches the path.
    func gather(_ segments: ArraySlice<String>, _ methods: inout Set<HTTPMethod>) {
        guard let segment = segments.first else { return methods.formUnion(here.keys) }
        literals[segment]?.gather(segments.dropFirst(), &methods)
        if !segment.isEmpty { parameter.first?.gather(segments.dropFirst(), &methods) }
        methods.formUnion(wildcard.keys)
    }
}
