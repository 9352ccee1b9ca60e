internal import Foundation

/// Where the value of a setting came from.
enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case standard
    case file
    case environment
    case option(String)

    var description: String {
        switch self {
        case .standard: "default"
        case .file: ".env"
        case .environment: "environment"
        case .option(let flag): flag
        }
    }
}

/// Texts by name: options win over the environment, the environment over `.env`, that over the defaults.
///
/// It gathers every error, so that all are told at once.
struct SettingsReader: Sendable {
    let options: [String: String]
    let environment: [String: String]
    let file: EnvironmentFile
    private(set) var errors: [String]

    /// - Parameters:
    ///   - options: values of the options that override settings, by option: `--port`.
    ///   - environment: the process's environment.
    ///   - file: the `.env` of the working directory.
    init(options: [String: String] = [:], environment: [String: String], file: EnvironmentFile) {
        self.options = options
        self.environment = environment
        self.file = file
        errors = file.errors
    }

    /// The text of a setting and where it is from; an empty value is none.
    func text(of setting: SettingDescription) -> (text: String, origin: SettingOrigin)? {
        if let flag = setting.flag, let text = options[flag] { return (text, .option(flag)) }
        if let text = environment[setting.name], !text.isEmpty { return (text, .environment) }
        if let text = file.values[setting.name], !text.isEmpty { return (text, .file) }
        return setting.standard.map { ($0, .standard) }
    }

    /// The value, or nil when there is none or it is wrong; the error is then kept.
    mutating func optional<Value>(_ setting: Setting<Value>) -> Value? {
        let description = SettingDescription(setting)
        guard let (text, origin) = text(of: description) else { return nil }
        if let value = setting.form.parse(text) { return value }
        let shown = setting.isSecret ? setting.name : "\(setting.name)=\(Self.printable(text))"
        errors.append("\(shown) (\(origin)): expected \(setting.form.expected)")
        return nil
    }

    /// The value; when it is wrong the given one stands in, and the error is kept.
    mutating func value<Value>(_ setting: Setting<Value>, insteadOfWrong: Value) -> Value {
        optional(setting) ?? insteadOfWrong
    }

    /// Keeps an error of settings that do not go together.
    mutating func refuse(_ line: String) { errors.append(line) }

    /// One line for every name in `.env` that is no setting.
    var notices: [String] {
        let known = SettingsTable.all.map(\.name)
        return file.values.keys.sorted().compactMap { name in
            if known.contains(name) { return nil }
            if SettingsTable.unneeded.contains(name) { return ".env: \(name) is not needed, and not used" }
            let near = known.min { Self.distance($0, name) < Self.distance($1, name) }
            guard let near, Self.distance(near, name) <= 2 else { return ".env: \(name) is not a setting" }
            return ".env: \(name) is not a setting; did you mean \(near)?"
        }
    }

    /// One short line, whatever the value holds.
    private static func printable(_ text: String) -> String {
        let line = String(
            text.unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "?" : Character($0) }
        )
        return text.unicodeScalars.count > 80 ? line + "…" : line
    }

    /// Letters to insert, remove or replace (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
