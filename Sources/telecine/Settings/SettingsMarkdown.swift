/// `docs/settings.md`, made from the table; a test holds the committed file to it.
enum SettingsMarkdown {
    static var text: String {
        var lines = [
            "# Settings", "",
            "Made by `telecine settings --markdown`; change `Sources/telecine/Settings/SettingsTable.swift` instead.",
            "",
            "A setting is an environment variable. A `.env` file in the working directory gives what the environment",
            "does not; where an option is named, it wins over both. An empty value is no value. Every value is checked at",
            "start, and a wrong one is named in one line. `telecine settings` shows what is in force and where it is from.",
        ]
        for group in SettingGroup.allCases {
            lines += ["", "## \(group.rawValue)", "", "| Name | Values | Default | Meaning |", "|---|---|---|---|"]
            lines += SettingsTable.all.filter { $0.group == group }.map(row)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ setting: SettingDescription) -> String {
        let option = setting.flag.map { " (`\($0)`)" } ?? ""
        let standard = setting.standard.map { "`\($0)`" } ?? (setting.without.isEmpty ? "none" : setting.without)
        return "| `\(setting.name)`\(option) | \(escaped(setting.expected)) | \(standard) | \(escaped(setting.help)) |"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("*", with: "\\*")
    }
}
