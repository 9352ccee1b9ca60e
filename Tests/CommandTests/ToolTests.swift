import Core
import Foundation
import Testing

@testable import telecine

@Suite struct ToolTests {
    @Test("without a verb, all verbs are listed and the exit code is that of wrong usage")
    func noVerb() async throws {
        let line = try CommandLineUnderTest()
        #expect(await line.run() == .usage)
        for verb in ["serve", "work", "migrate", "upload", "assets list", "user add", "settings", "doctor"] {
            #expect(line.output.contains("\n  \(verb) "))
        }
    }

    @Test("every verb explains itself and its options", arguments: Verbs.all.map(\.name))
    func help(_ verb: String) async throws {
        let line = try CommandLineUnderTest()
        let tool = Tool(
            commands: Verbs.all,
            console: Console(output: { _ in }, notes: { _ in }, isTerminal: false),
            environment: [:],
            folder: line.folder
        )
        #expect(await tool.run(verb.split(separator: " ").map(String.init) + ["--help"]) == .done)
        let command = try #require(Verbs.all.first { $0.name == verb })
        let text = Help.text(for: command)
        #expect(text.hasPrefix("Usage: telecine \(verb) [OPTIONS]"))
        for option in command.allOptions { #expect(text.contains("  \(option.name)")) }
    }

    @Test("verbs that share a word are listed by it", arguments: ["assets", "user"])
    func families(_ family: String) async throws {
        for words in [[family, "--help"], [family, "-h"], ["help", family]] {
            let line = try CommandLineUnderTest()
            #expect(await line.run(words) == .done)
            #expect(line.output.hasPrefix("Usage: telecine \(family) VERB"))
            for verb in Verbs.all where verb.name.hasPrefix(family + " ") {
                #expect(line.output.contains("\n  \(verb.name) "))
            }
        }
    }

    @Test(
        "a command line that makes no sense is refused with the word at fault",
        arguments: [
            (["fly"], "there is no verb 'fly'"), (["user"], "user needs one of: add, list"),
            (["upload"], "upload needs FILE"), (["settings", "--colour"], "settings has no option --colour"),
            (["settings", "x"], "settings cannot use 'x'"), (["serve", "--port"], "--port needs a value"),
            (["serve", "--port", "1", "--port=2"], "--port is given twice"),
            (["settings", "--json=1"], "--json takes no value"),
            (["assets", "list", "--limit", "1000"], "--limit must be a whole number from 1 to 100"),
        ]
    )
    func usage(_ words: [String], _ message: String) async throws {
        let line = try CommandLineUnderTest()
        let tool = Tool(
            commands: Verbs.all,
            console: Console(output: { _ in }, notes: { text in #expect(text.contains(message)) }, isTerminal: false),
            environment: ["TELECINE_TOKEN": "x"],
            folder: line.folder
        )
        #expect(await tool.run(words) == .usage)
    }

    @Test("words after -- are operands, whatever they look like")
    func operands() throws {
        let arguments = try Arguments(["--title=A=B", "--", "--file.mp4"], of: Upload.command)
        #expect(arguments.operands == ["--file.mp4"])
        #expect(arguments.values == ["--title": "A=B"])
    }

    @Test("wrong settings end a verb with code 78 and a line each")
    func wrongSettings() async throws {
        let line = try CommandLineUnderTest(environment: ["PORT": "x", "WORKERS": "y"])
        #expect(await line.run("migrate") == .settings)
        #expect(line.notes.split(separator: "\n").count == 2)
        #expect(await line.run("migrate", "--json") == .settings)
        #expect(line.output.hasPrefix("{\"error\": \"") && line.output.contains("WORKERS"))
    }

    @Test("settings shows values with their origin, and no secret")
    func showsSettings() async throws {
        let secret = "kX9vQ2mZ7pL4tR8wB1nC6yH3sD5fG0jA"
        let line = try CommandLineUnderTest(environment: ["JWT_SECRET": secret], dotEnv: "PORT=4000")
        #expect(await line.run("settings") == .done)
        #expect(line.output.contains("PORT=4000  (.env)\n"))
        #expect(line.output.contains("JWT_SECRET=(not shown)  (environment)\n"))
        #expect(!line.output.contains(secret))
    }

    @Test("upload says who it cannot be when nobody is named")
    func anonymousUpload() async throws {
        let line = try CommandLineUnderTest()
        #expect(await line.run("upload", "x.mp4") == .failed)
        #expect(line.notes.contains("who are you?"))
    }

    @Test("text from elsewhere cannot steer the terminal")
    func printable() {
        #expect("a\u{1B}[31mb\n".printable == "a\u{FFFD}[31mb\u{FFFD}")
    }

    @Test("off a terminal, progress is told by tenths, and when its label changes")
    func progress() throws {
        let line = try CommandLineUnderTest()
        let lines = Lines()
        let progress = ProgressLine(Console(output: { _ in }, notes: { lines.add($0) }, isTerminal: false))
        for step in 0...100 { progress.show("Uploading a", Double(step) / 100) }
        progress.show("Processing a", 0)
        progress.end()
        #expect(lines.all.count == 12)
        #expect(lines.all.last == "Processing a: 0 %\n")
        _ = line
    }

    @Test("on a terminal, progress is a bar that is drawn over, when it changes, and ends its line")
    func bar() {
        let lines = Lines()
        let progress = ProgressLine(Console(output: { _ in }, notes: { lines.add($0) }, isTerminal: true))
        for fraction in [0, 0.5, 0.5, 1] { progress.show("Uploading a", fraction, detail: "3 MB/s") }
        progress.end()
        #expect(lines.all.count == 4)
        #expect(lines.all.dropLast().allSatisfy { $0.hasPrefix("\r\u{1B}[K") && !$0.hasSuffix("\n") })
        #expect(lines.all[1].contains("█░") && lines.all[1].hasSuffix("50 %  3 MB/s"))
        #expect(lines.all.last == "\n")
    }

    @Test("a log line is one JSON object with its fields, and no field hides the message")
    func logLine() throws {
        let lines = Lines()
        let console = Console(output: { _ in }, notes: { lines.add($0) }, isTerminal: false)
        let logger = LogSink.logger(level: .info, format: .auto, console: console)
        logger.debug("unheard")
        logger.warning("disk\nfull", ["message": "x", "free": 12])
        #expect(lines.all.count == 1)
        let fields = try JSONDecoder().decode([String: JSONValue].self, from: Data(lines.all[0].utf8))
        #expect(fields["message"] == "disk\nfull" && fields["free"] == 12 && fields["level"] == "warning")
        #expect(lines.all[0].split(separator: "\n").count == 1)
    }

    @Test("whatever a log field holds, the line is JSON that gives it back")
    func logFields() throws {
        let fields: [String: JSONValue] = [
            "quotes \" and \\": "a\"b\\c/d\u{1}\u{1F}\u{7F}\t\r\n", "text": "naïve 日本 🎬", "none": .null,
            "list": .array([true, 1, .number(0.125), "x"]), "object": .object(["b": .array([]), "a": .object([:])]),
            "small": .number(1e-9), "large": .number(1e300), "least": .integer(.min), "strange": .number(.infinity),
        ]
        let lines = Lines()
        let console = Console(output: { _ in }, notes: { lines.add($0) }, isTerminal: false)
        LogSink.logger(level: .info, format: .json, console: console).info("m", fields)
        let line = try #require(lines.all.first).dropLast()
        var read = try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
        #expect(read["strange"] == "inf")
        read["strange"] = JSONValue.number(.infinity)
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
        for (name, value) in fields { #expect(read[name] == value) }
    }
}
