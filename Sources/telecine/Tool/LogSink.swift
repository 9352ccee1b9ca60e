internal import Core

/// Log lines on standard error: JSON for machines, text for people.
enum LogSink {
    /// The logger that the settings ask for.
    ///
    /// Lines below warnings may wait a moment in ``StandardError``: a busy service writes many at once.
    static func logger(level: LogLevel, format: LogFormat, console: Console) -> Logger {
        let isText = format == .text || (format == .auto && console.isTerminal)
        return Logger(minimum: level.level) { entry in
            let line = isText ? text(entry) : JSONLine(entry).text
            console.log(line, isUrgent: entry.level >= .warning)
        }
    }

    /// The logger that the settings ask for, or JSON for who gives `--json`.
    static func logger(for settings: Settings, _ invocation: Invocation, console: Console) -> Logger {
        let format = invocation.isJSON ? .json : settings.logFormat
        return logger(level: settings.logLevel, format: format, console: console)
    }

    static func text(_ entry: Logger.Entry) -> String {
        let fields = entry.fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(plain($0.value))" }.joined()
        let time = entry.time.iso8601WithMilliseconds.dropFirst(11).dropLast()
        return "\(time) \(name(entry.level).uppercased()) \(entry.message)\(fields)".printable
    }

    static func name(_ level: Logger.Level) -> String {
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
