internal import Core
internal import Foundation
internal import TelecineClient

/// The command line: finds the verb, runs it, tells what went wrong.
struct Tool: Sendable {
    let commands: [Command]
    let console: Console
    let environment: [String: String]
    let folder: String

    /// Runs a command line without the program's name.
    func run(_ words: [String]) async -> ExitCode {
        guard let first = words.first, !["--help", "-h", "help"].contains(first) else {
            if words.count > 1, words[0] == "help" { return await run(Array(words.dropFirst()) + ["--help"]) }
            console.output(Help.text(for: commands))
            return words.isEmpty ? .usage : .done
        }
        guard let (command, rest) = find(words) else {
            let verbs = family(of: first)
            guard !verbs.isEmpty, words.count == 2, ["--help", "-h"].contains(words[1]) else {
                return refuse(unknown(words), hint: "telecine \(verbs.isEmpty ? "" : "\(first) ")--help")
            }
            console.output(Help.text(of: first, verbs))
            return .done
        }
        let arguments: Arguments
        do {
            arguments = try Arguments(rest, of: command)
        } catch {
            return refuse("\(error)", hint: "telecine \(command.name) --help")
        }
        if arguments.isHelp {
            console.output(Help.text(for: command))
            return .done
        }
        return await run(command, arguments)
    }

    /// Verbs have one word or two: `assets list`, `user add`.
    private func find(_ words: [String]) -> (Command, ArraySlice<String>)? {
        for count in [2, 1] where words.count >= count {
            let name = words.prefix(count).joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) { return (command, words.dropFirst(count)) }
        }
        return nil
    }

    private func family(of word: String) -> [Command] { commands.filter { $0.name.hasPrefix(word + " ") } }

    private func unknown(_ words: [String]) -> String {
        let verbs = family(of: words[0])
        guard !verbs.isEmpty else { return "there is no verb '\(words[0])'" }
        return
            "\(words[0]) needs one of: \(verbs.map { $0.name.dropFirst(words[0].count + 1) }.joined(separator: ", "))"
    }

    private func refuse(_ message: String, hint: String) -> ExitCode {
        console.note("telecine: \(message.printable) ('\(hint)' explains)")
        return .usage
    }

    private func run(_ command: Command, _ arguments: Arguments) async -> ExitCode {
        let invocation = Invocation(arguments: arguments, console: console, environment: environment, folder: folder)
        do {
            return try await command.run(invocation)
        } catch let error as UsageError {
            return refuse("\(error)", hint: "telecine \(command.name) --help")
        } catch let error as SettingsError {
            if invocation.isJSON { console.output("{\"error\": \(Self.quoted(error.lines.joined(separator: " ")))}\n") }
            for line in error.lines { console.note("telecine: \(line)") }
            return .settings
        } catch is CancellationError {
            return .interrupted
        } catch {
            let message = Self.message(of: error).printable
            if invocation.isJSON {
                console.output("{\"error\": \(Self.quoted(message))}\n")
            }
            console.note("telecine: \(message)")
            return .failed
        }
    }

    private static func message(of error: any Error) -> String {
        switch error {
        case let error as Failure: error.description
        case let error as TelecineError: error.message
        case let error as ServiceError: error.message
        default: "\(error)"
        }
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string always encodes.
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
