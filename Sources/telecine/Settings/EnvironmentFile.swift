internal import Foundation

/// A `.env` file: `NAME=value` lines, `#` comments, `export` allowed, single or double quotes around a value.
///
/// Lines end as any editor ends them: CRLF is one character in Swift, which no `"\n"` equals.
struct EnvironmentFile: Sendable {
    private(set) var values: [String: String] = [:]
    /// One line for every line that could not be read.
    private(set) var errors: [String] = []

    init(text: String) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let statement = line.hasPrefix("export ") ? String(line.dropFirst(7)) : line
            guard let equals = statement.firstIndex(of: "="),
                case let name = statement[..<equals].trimmingCharacters(in: .whitespaces), Self.isName(name),
                let value = Self.value(String(statement[statement.index(after: equals)...]))
            else {
                // The line itself may hold a secret.
                errors.append(".env, line \(index + 1): expected NAME=value")
                continue
            }
            values[name] = value
        }
    }

    /// The file of a folder; empty when there is none.
    ///
    /// - Throws: when it is there and cannot be read.
    init(folder: String) throws(Failure) {
        let path = folder + "/.env"
        guard FileManager.default.fileExists(atPath: path) else {
            self.init(text: "")
            return
        }
        do {
            self.init(text: try String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw Failure(".env cannot be read: \(error.localizedDescription)")
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || $0 == 95
        }
    }

    private static func value(_ text: String) -> String? {
        let text = text.trimmingCharacters(in: .whitespaces)
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            // A comment begins with a # after a space: a # within a value belongs to it.
            let end = text.range(of: #"(^|\s)#"#, options: .regularExpression)?.lowerBound ?? text.endIndex
            return text[..<end].trimmingCharacters(in: .whitespaces)
        }
        let inner = text.dropFirst()
        guard let end = inner.firstIndex(of: quote) else { return nil }
        let rest = inner[inner.index(after: end)...].trimmingCharacters(in: .whitespaces)
        return rest.isEmpty || rest.hasPrefix("#") ? String(inner[..<end]) : nil
    }
}
