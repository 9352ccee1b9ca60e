import Foundation
import Media
import Synchronization
import Testing

@testable import telecine

/// A command line with its own folder and environment, whose words are kept.
final class CommandLineUnderTest: Sendable {
    let folder: String
    private let environment: [String: String]
    private let printed = Mutex("")
    private let noted = Mutex("")

    init(environment: [String: String] = [:], dotEnv: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let dotEnv { try dotEnv.write(toFile: folder + "/.env", atomically: true, encoding: .utf8) }
        self.environment = environment.merging(["DATA_DIR": folder + "/data"]) { given, _ in given }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Writes a program into the folder, by another process.
    ///
    /// What this one has open for writing, a child that another test starts at this moment has, too, and cannot be run
    /// as long (ETXTBSY).
    func makeProgram(_ name: String, _ text: String) async throws {
        let writing = ["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"", "\(folder)/\(name)", text]
        #expect(try await ChildProcess.run("/bin/sh", writing, deadline: .seconds(300)).succeeded)
    }

    var output: String { printed.withLock { $0 } }
    var notes: String { noted.withLock { $0 } }

    @discardableResult
    func run(_ words: String...) async -> ExitCode { await run(words) }

    func run(_ words: [String]) async -> ExitCode {
        let console = Console(
            output: { text in self.printed.withLock { $0 += text } },
            notes: { text in self.noted.withLock { $0 += text } },
            isTerminal: false
        )
        return await Tool(commands: Verbs.all, console: console, environment: environment, folder: folder).run(words)
    }

    func invocation(_ words: [String] = [], of command: Command = ShowSettings.command) throws -> Invocation {
        Invocation(
            arguments: try Arguments(words, of: command),
            console: Console(output: { _ in }, notes: { _ in }, isTerminal: false),
            environment: environment,
            folder: folder
        )
    }
}

/// Lines that were written, in their order.
final class Lines: Sendable {
    private let kept = Mutex<[String]>([])

    func add(_ line: String) { kept.withLock { $0.append(line) } }
    var all: [String] { kept.withLock { $0 } }
}
