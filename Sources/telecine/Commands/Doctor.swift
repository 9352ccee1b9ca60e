internal import Core

/// `telecine doctor`: what is missing or wrong on this machine, and what to do about it.
enum Doctor {
    static let command = Command(
        name: "doctor",
        summary: "Say what is missing or wrong on this machine, and how to mend it.",
        discussion: "The exit code is 1 when something is wrong; warnings alone leave it at 0.",
        options: [
            Command.Option(SettingsTable.port), Command.Option(SettingsTable.host),
            Command.Option(SettingsTable.dataDir), Command.Option(SettingsTable.publicURL),
            Command.Option("--storage", help: "Compare the database with the stored objects and files instead."),
        ].compactMap(\.self),
        printsJSON: true,
        run: run
    )

    private struct Report: Encodable {
        let healthy: Bool
        let findings: [Finding]
    }

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        if invocation.arguments.switches.contains("--storage") { return try await StorageCheck.run(invocation) }
        let reader = try invocation.reader()
        var findings = reader.notices.map { Finding("settings", .warning, $0) }
        var tools = ToolsCheck(searchPath: invocation.environment["PATH"] ?? "")
        do {
            let settings = try Settings(reader)
            findings.append(Finding("settings", .good, "Every setting is valid."))
            findings += SettingsCheck.findings(settings)
            findings += DataFolderCheck.findings(settings)
            findings += await DatabaseCheck.findings(settings)
            findings += await PortsCheck.findings(settings)
            tools.codecs = SettingsCheck.codecs(settings)
        } catch {
            findings += error.lines.map { Finding("settings", .wrong, $0) }
        }
        findings += await tools.findings()
        let isHealthy = !findings.contains { $0.state == .wrong }
        if invocation.isJSON {
            try invocation.console.print(json: Report(healthy: isHealthy, findings: findings))
        } else {
            for finding in findings { invocation.console.print(finding.line) }
            invocation.console.print(isHealthy ? "Nothing is wrong." : "Something is wrong: see above.")
        }
        return isHealthy ? .done : .failed
    }
}

/// One thing that `doctor` looked at.
struct Finding: Encodable, Hashable, Sendable {
    enum State: String, Encodable, Sendable {
        case good = "ok"
        case warning
        case wrong
    }

    let check: String
    let state: State
    let message: String
    /// What to do about it; nil when nothing is to be done.
    let remedy: String?

    init(_ check: String, _ state: State, _ message: String, remedy: String? = nil) {
        self.check = check
        self.state = state
        self.message = message
        self.remedy = remedy
    }

    var line: String {
        let mark =
            switch state {
            case .good: "ok     "
            case .warning: "warning"
            case .wrong: "WRONG  "
            }
        return "\(mark)  \(check): \(message)\(remedy.map { " → \($0)" } ?? "")".printable
    }
}
