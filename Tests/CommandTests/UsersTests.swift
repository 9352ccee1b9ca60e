import Core
import Foundation
import Media
import Testing

@testable import telecine

/// The built program in a folder of its own: what needs standard input cannot be told otherwise.
@Suite struct UsersTests {
    private struct Outcome {
        let code: Int32
        let output: String
        let notes: String
    }

    /// Runs the executable that stands beside the test bundle.
    private func run(_ words: [String], input: String = "", in folder: String) async throws -> Outcome {
        let products = Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: CommandLine.arguments[0])]
        let program = try #require(
            products.map { $0.deletingLastPathComponent().appendingPathComponent("telecine") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        )
        let script = "cd \"$0\" && program=$1 && input=$2 && shift 2 && printf %s \"$input\" | \"$program\" \"$@\""
        let result = try await ChildProcess.run(
            "/bin/sh",
            ["-c", script, folder, program.path, input] + words,
            environment: ["DATA_DIR=\(folder)/data", "PATH=/usr/bin:/bin"],
            deadline: .seconds(120)
        )
        guard case .exited(let code) = result.status else { throw CocoaError(.executableLoad) }
        let output = String(decoding: result.standardOutput, as: UTF8.self)
        return Outcome(code: code, output: output, notes: result.errorTail)
    }

    private func json(_ outcome: Outcome) throws -> [String: JSONValue] {
        try JSONDecoder().decode([String: JSONValue].self, from: Data(outcome.output.utf8))
    }

    @Test("accounts are made, listed, changed and disabled on the data folder itself")
    func users() async throws {
        let line = try CommandLineUnderTest()
        func telecine(_ words: String..., input: String = "") async throws -> Outcome {
            try await run(words, input: input, in: line.folder)
        }
        let made = try await telecine("user", "add", "ann@example.com", "--admin", "--json", input: "long enough\n")
        #expect(made.code == 0, "\(made.notes)")
        let fields = try json(made)
        #expect(fields["role"] == "admin" && fields["id"] == 1 && fields["username"] == "ann")
        let again = try await telecine("user", "add", "ANN@example.com", input: "long enough\n")
        #expect(again.code == 1 && again.notes == "telecine: There is an account with this address already.\n")
        #expect(try await telecine("user", "add", "bob@example.com").code == 1)
        #expect(try await telecine("user", "passwd", "ann@example.com", input: "short\n").code == 1)
        #expect(try await telecine("user", "passwd", "ann@example.com", input: "another one\n").code == 0)
        #expect(try await telecine("user", "disable", "ann@example.com").code == 0)
        #expect(try await telecine("user", "list").output == "1  ann@example.com  ann  admin  disabled\n")
        #expect(try await telecine("user", "enable", "nobody@example.com").code == 1)
        let enabled = try await telecine("user", "enable", "--json", "ann@example.com")
        #expect(try json(enabled)["disabled"] == false && enabled.notes.isEmpty)
        #expect(try json(await telecine("user", "disable", "--json", "ann@example.com"))["disabled"] == true)
        let changed = try await telecine("user", "passwd", "--json", "ann@example.com", input: "a third one\n")
        #expect(try json(changed)["email"] == "ann@example.com")
        #expect(try json(await telecine("user", "invite", "--json"))["code"] != nil)
        #expect(try json(await telecine("user", "admin-link", "--json"))["url"] != nil)
        let link = try await telecine("user", "admin-link").output
        #expect(link.hasPrefix("http://localhost:3000/setup?token="))
        let mode = try FileManager.default.attributesOfItem(atPath: line.folder + "/data")[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o700)
    }

    @Test("migrate makes the database and may be repeated")
    func migrate() async throws {
        let line = try CommandLineUnderTest()
        #expect(await line.run("migrate") == .done)
        #expect(await line.run("migrate", "--json") == .done)
        #expect(FileManager.default.fileExists(atPath: line.folder + "/data/telecine.sqlite"))
    }
}
