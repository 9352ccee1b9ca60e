/// A verb of the command line: what it takes, what it says about itself, what it does.
struct Command: Sendable {
    /// As typed after `telecine`: `user add`.
    let name: String
    /// One line for the list of verbs.
    let summary: String
    /// More to know, for `--help`.
    var discussion = ""
    var operands: [Operand] = []
    var options: [Option] = []
    /// Whether it prints its result as JSON with `--json`.
    var printsJSON = false
    /// Whether the list of verbs leaves it out: for the service's own use.
    var isHidden = false
    let run: @Sendable (Invocation) async throws -> ExitCode

    /// What it takes by position.
    struct Operand: Sendable {
        let name: String
        let help: String
        var isRequired = true
        var isRepeated = false
    }

    /// What it takes by name.
    struct Option: Sendable {
        /// `--limit`.
        let name: String
        /// The name of its value; nil for a switch.
        let value: String?
        let help: String

        init(_ name: String, value: String? = nil, help: String) {
            self.name = name
            self.value = value
            self.help = help
        }

        /// The option that overrides a setting; nothing for a setting that has none.
        init?(_ setting: Setting<some Any>) {
            guard let flag = setting.flag else { return nil }
            let standard = setting.standard.map { " Default: \($0)." } ?? ""
            self.init(flag, value: setting.name, help: setting.help + standard)
        }
    }

    /// Its own options, and those that every verb has.
    var allOptions: [Option] {
        var all = options
        if printsJSON { all.append(Option("--json", help: "Print the result as JSON.")) }
        all.append(Option("--help", help: "Show this."))
        return all
    }
}

/// How the process ends: as documented in `telecine --help`.
enum ExitCode: Int32, Sendable {
    case done = 0
    /// It could not be done, or `doctor` found something wrong.
    case failed = 1
    /// The command line makes no sense (`EX_USAGE` of sysexits.h).
    case usage = 64
    /// A setting is wrong (`EX_CONFIG`).
    case settings = 78
    /// Ctrl-C, as shells count it.
    case interrupted = 130
}

/// What stopped a verb, in a sentence for the user.
struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A command line that makes no sense, and why.
struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
