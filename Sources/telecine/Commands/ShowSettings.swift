internal import Core

/// `telecine settings`: what is in force, and where it is from.
enum ShowSettings {
    static let command = Command(
        name: "settings",
        summary: "Show the settings in force and where they are from.",
        discussion: "Secrets are named, never shown. Wrong values are listed, and the exit code is then 78.",
        options: [Command.Option("--markdown", help: "Print the documentation of all settings instead.")],
        printsJSON: true,
        run: run
    )

    private struct Line: Encodable {
        let name: String
        let value: String?
        let origin: String
    }

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let console = invocation.console
        if invocation.arguments.switches.contains("--markdown") {
            console.output(SettingsMarkdown.text)
            return .done
        }
        let reader = try invocation.reader()
        let lines = SettingsTable.all.map { setting in
            guard let (text, origin) = reader.text(of: setting) else {
                return Line(name: setting.name, value: nil, origin: "unset")
            }
            return Line(name: setting.name, value: setting.isSecret ? "(not shown)" : text, origin: "\(origin)")
        }
        if invocation.isJSON {
            try console.print(json: lines)
        } else {
            for line in lines { console.print("\(line.name)=\((line.value ?? "").printable)  (\(line.origin))") }
        }
        for notice in reader.notices { console.note(notice) }
        _ = try Settings(reader)
        return .done
    }
}
