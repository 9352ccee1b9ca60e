internal import Foundation

/// One call of a verb: its arguments, and the world it may look at.
struct Invocation: Sendable {
    let arguments: Arguments
    let console: Console
    let environment: [String: String]
    /// Where `.env` is, and what relative paths mean.
    let folder: String

    var isJSON: Bool { arguments.switches.contains("--json") }

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
