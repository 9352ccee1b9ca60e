import Core
import Foundation
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
    private func run(_ words: [String], input: String = "", in folder: String) throws -> Outcome {
        let process = Process()
        let products = Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: CommandLine.arguments[0])]
        let program = try #require(
            products.map { $0.deletingLastPathComponent().appendingPathComponent("telecine") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        )
        process.executableURL = program
        process.arguments = words
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ["DATA_DIR": folder + "/data", "PATH": "/usr/bin:/bin"]
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        let notes = stderr.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus,
            output: String(decoding: output, as: UTF8.self),
            notes: String(decoding: notes, as: UTF8.self)
        )
    }

    private func json(_ outcome: Outcome) throws -> [String: JSONValue] {
        try JSONDecoder().decode([String: JSONValue].self, from: Data(outcome.output.utf8))
    }

    @Test("accounts are made, listed, changed and disabled on the data folder itself")
    func users() throws {
        let line = try CommandLineUnderTest()
        func telecine(_ words: String..., input: String = "") throws -> Outcome {
            try run(words, input: input, in: line.folder)
        }
        let made = try telecine("user", "add", "ann@example.com", "--admin", "--json", input: "long enough\n")
        #expect(made.code == 0, "\(made.notes)")
        let fields = try json(made)
        #expect(fields["role"] == "admin" && fields["id"] == 1 && fields["username"] == "ann")
        let again = try telecine("user", "add", "ANN@example.com", input: "long enough\n")
        #expect(again.code == 1 && again.notes == "telecine: There is an account with this address already.\n")
        #expect(try telecine("user", "add", "bob@example.com").code == 1)
        #expect(try telecine("user", "passwd", "ann@example.com", input: "short\n").code == 1)
        #expect(try telecine("user", "passwd", "ann@example.com", input: "another one\n").code == 0)
        #expect(try telecine("user", "disable", "ann@example.com").code == 0)
        #expect(try telecine("user", "list").output == "1  ann@example.com  ann  admin  disabled\n")
        #expect(try telecine("user", "enable", "nobody@example.com").code == 1)
        let enabled = try telecine("user", "enable", "--json", "ann@example.com")
        #expect(try json(enabled)["disabled"] == false && enabled.notes.isEmpty)
        #expect(try json(telecine("user", "disable", "--json", "ann@example.com"))["disabled"] == true)
        let changed = try telecine("user", "passwd", "--json", "ann@example.com", input: "a third one\n")
        #expect(try json(changed)["email"] == "ann@example.com")
        #expect(try json(telecine("user", "invite", "--json"))["code"] != nil)
        #expect(try json(telecine("user", "admin-link", "--json"))["url"] != nil)
        let link = try telecine("user", "admin-link").output
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
