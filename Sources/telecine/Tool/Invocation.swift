internal import Foundation

/// One call of a verb: its arguments, and the world it may look at.
struct Invocation: Sendable {
    let arguments: Arguments
    let console: Console
    let environment: [String: String]
    /// Where `.env` is, and what relative paths mean.
    let folder: String

    var isJSON: Bool { arguments.switches.contains("--json") }

    /// A result, as JSON or as a line.
    ///
    /// - Throws: what encoding throws.
    func tell(_ value: some Encodable, or line: String) throws {
        if isJSON { try console.print(json: value) } else { console.print(line) }
    }

    /// What a person is told and a program has no use for; a program gets what there is now.
    ///
    /// - Throws: what encoding throws.
    func confirm(_ value: some Encodable, _ note: String) throws {
        if isJSON { try console.print(json: value) } else { console.note(note) }
    }

    func reader() throws(Failure) -> SettingsReader {
        SettingsReader(
            options: arguments.values,
            environment: environment,
            file: try EnvironmentFile(folder: folder)
        )
    }

    /// The validated settings.
    ///
    /// - Throws: `SettingsError` or `Failure`.
    func settings() throws -> Settings {
        try Settings(try reader())
    }
}
