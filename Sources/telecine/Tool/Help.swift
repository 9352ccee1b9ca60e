/// The texts of `--help`.
enum Help {
    static func text(for commands: [Command]) -> String {
        """
        telecine: a self-hosted media service. A video goes in, adaptive HLS comes out.

        Usage: telecine VERB [OPTIONS]

        \(list(of: commands))

        'telecine VERB --help' explains a verb. Settings come from the environment and .env:
        'telecine settings' shows them.

        Exit codes: 0 done, 1 failed, 64 wrong usage, 78 wrong settings, 130 interrupted.

        """
    }

    /// Of verbs that share their first word.
    static func text(of family: String, _ commands: [Command]) -> String {
        """
        Usage: telecine \(family) VERB [OPTIONS]

        \(list(of: commands))

        'telecine \(family) VERB --help' explains a verb.

        """
    }

    private static func list(of commands: [Command]) -> String {
        table(commands.filter { !$0.isHidden }.map { ($0.name, $0.summary) }).joined(separator: "\n")
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
