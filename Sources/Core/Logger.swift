/// Structured log lines.
///
/// The executable decides where they go; everything below only names facts.
///
/// Never give it a secret: tokens, passwords, signed paths and bodies stay out.
package struct Logger: Sendable {
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// One line: its time, level, message and fields, the request's id among them when there is one.
    package struct Entry: Sendable {
        package let time: Timestamp
        package let level: Level
        package let message: String
        package let fields: [String: JSONValue]

        package init(time: Timestamp, level: Level, message: String, fields: [String: JSONValue]) {
            self.time = time
            self.level = level
            self.message = message
            self.fields = fields
        }
    }

    private let minimum: Level
    private let sink: @Sendable (Entry) -> Void

    /// `sink`: called on the logging thread; it must not block for long.
    package init(minimum: Level = .info, sink: @escaping @Sendable (Entry) -> Void) {
        self.minimum = minimum
        self.sink = sink
    }

    /// Drops everything: for tests that do not look.
    package static let silent = Logger { _ in }

    package func debug(_ message: String, _ fields: [String: JSONValue] = [:]) { log(.debug, message, fields) }
    package func info(_ message: String, _ fields: [String: JSONValue] = [:]) { log(.info, message, fields) }
    package func warning(_ message: String, _ fields: [String: JSONValue] = [:]) { log(.warning, message, fields) }
    package func error(_ message: String, _ fields: [String: JSONValue] = [:]) { log(.error, message, fields) }

    /// Whether lines of a level go anywhere: asked before one is put together that costs something.
    package func writes(_ level: Level) -> Bool { level >= minimum }

    package func log(_ level: Level, _ message: String, _ fields: [String: JSONValue]) {
        guard writes(level) else { return }
        var fields = fields
        if let id = Trace.requestID { fields["request_id"] = .string(id) }
        sink(Entry(time: .now, level: level, message: message, fields: fields))
    }
}

/// What follows a request into everything it causes, jobs included.
package enum Trace {
    @TaskLocal package static var requestID: String?
}
