internal import Core
internal import Foundation

/// Log lines on standard error: JSON for machines, text for people.
enum LogSink {
    /// The logger that the settings ask for.
    static func logger(level: LogLevel, format: LogFormat, console: Console) -> Logger {
        let isText = format == .text || (format == .auto && console.isTerminal)
        return Logger(minimum: level.level) { entry in
            console.note(isText ? text(entry) : json(entry))
        }
    }

    /// `time`, `level`, `message`, then the fields; a field never hides one of the three.
    static func json(_ entry: Logger.Entry) -> String {
        var fields = entry.fields
        fields["time"] = .string(entry.time.iso8601WithMilliseconds)
        fields["level"] = .string(name(entry.level))
        fields["message"] = .string(entry.message)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        guard let line = try? encoder.encode(fields) else { return text(entry) }  // A line is better than none.
        return String(decoding: line, as: UTF8.self)
    }

    static func text(_ entry: Logger.Entry) -> String {
        let fields = entry.fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(plain($0.value))" }.joined()
        let time = entry.time.iso8601WithMilliseconds.dropFirst(11).dropLast()
        return "\(time) \(name(entry.level).uppercased()) \(entry.message)\(fields)".printable
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .null: "none"
        case .array(let items): "[\(items.map(plain).joined(separator: ","))]"
        case .object(let members): "{\(members.keys.sorted().joined(separator: ","))}"
        }
    }
}
