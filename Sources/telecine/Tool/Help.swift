/// The texts of `--help`.
enum Help {
    static func text(for commands: [Command]) -> String {
        let commands = commands.filter { !$0.isHidden }
        let width = commands.map(\.name.count).max() ?? 0
        let verbs = commands.map { "  \(padded($0.name, width))  \($0.summary)" }
        return """
            telecine: a self-hosted media service. A video goes in, adaptive HLS comes out.

            Usage: telecine VERB [OPTIONS]

            \(verbs.joined(separator: "\n"))

            'telecine VERB --help' explains a verb. Settings come from the environment and .env:
            'telecine settings' shows them.

            Exit codes: 0 done, 1 failed, 64 wrong usage, 78 wrong settings, 130 interrupted.

            """
    }

    static func text(for command: Command) -> String {
        var lines = ["Usage: telecine \(usage(of: command))", "", command.summary]
        if !command.discussion.isEmpty { lines += ["", command.discussion] }
        if !command.operands.isEmpty {
            lines.append("")
            lines += table(command.operands.map { ($0.name, $0.help) })
        }
        lines += ["", "Options:"]
        lines += table(
            command.allOptions.map { ([$0.name, $0.value].compactMap(\.self).joined(separator: " "), $0.help) }
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static func usage(of command: Command) -> String {
        let operands = command.operands.map { operand in
            let name = operand.isRepeated ? "\(operand.name)…" : operand.name
            return operand.isRequired ? name : "[\(name)]"
        }
        return ([command.name, "[OPTIONS]"] + operands).joined(separator: " ")
    }

    private static func table(_ rows: [(String, String)]) -> [String] {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { "  \(padded($0.0, width))  \($0.1)" }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
