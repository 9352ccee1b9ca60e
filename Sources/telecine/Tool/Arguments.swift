/// The options and operands of one call of a verb.
struct Arguments: Hashable, Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var switches: Set<String> = []
    private(set) var operands: [String] = []

    /// Reads `--name value`, `--name=value`, switches, and operands in any order; `--` ends the options.
    ///
    /// - Throws: `UsageError` naming what is unknown, missing or too much.
    init(_ words: some Sequence<String>, of command: Command) throws(UsageError) {
        var waiting = Array(words)[...]
        var areOptionsOver = false
        while let word = waiting.popFirst() {
            if areOptionsOver || !word.hasPrefix("-") || word == "-" {
                operands.append(word)
            } else if word == "--" {
                areOptionsOver = true
            } else {
                try read(word == "-h" ? "--help" : word, &waiting, of: command)
            }
        }
        if !isHelp { try checkOperands(of: command) }
    }

    /// Whether the verb is asked to explain itself.
    var isHelp: Bool { switches.contains("--help") }

    private mutating func read(_ word: String, _ waiting: inout ArraySlice<String>, of command: Command)
        throws(UsageError)
    {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = command.allOptions.first(where: { $0.name == parts[0] }) else {
            throw UsageError("\(command.name) has no option \(parts[0])")
        }
        guard option.value != nil else {
            guard parts.count == 1 else { throw UsageError("\(option.name) takes no value") }
            switches.insert(option.name)
            return
        }
        guard let value = parts.count == 2 ? parts[1] : waiting.popFirst() else {
            throw UsageError("\(option.name) needs a value")
        }
        guard values.updateValue(value, forKey: option.name) == nil else {
            throw UsageError("\(option.name) is given twice")
        }
    }

    private func checkOperands(of command: Command) throws(UsageError) {
        let required = command.operands.filter(\.isRequired)
        if operands.count < required.count {
            throw UsageError("\(command.name) needs \(required[operands.count].name)")
        }
        let isOpen = command.operands.last?.isRepeated ?? false
        if operands.count > command.operands.count, !isOpen {
            throw UsageError("\(command.name) cannot use '\(operands[command.operands.count])'")
        }
    }

    /// A whole number given by an option.
    ///
    /// - Throws: `UsageError` when it is none, or outside the range.
    func integer(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = values[option] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("\(option) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
