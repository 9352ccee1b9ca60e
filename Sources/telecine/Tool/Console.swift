internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where a verb writes: results to standard output, everything else to standard error.
struct Console: Sendable {
    /// Takes text that ends its own lines.
    let output: @Sendable (String) -> Void
    let notes: @Sendable (String) -> Void
    /// Whether somebody watches standard error: progress is then drawn, not listed.
    let isTerminal: Bool
    /// Takes log lines and whether they must not wait; nil gives them to `notes`.
    var logLines: (@Sendable (String, Bool) -> Void)?

    static let standard = Console(
        output: { text in Array(text.utf8).withUnsafeBytes { write($0, to: STDOUT_FILENO) } },
        notes: { StandardError.write($0, isUrgent: true) },
        isTerminal: isatty(STDERR_FILENO) == 1,
        logLines: StandardError.write
    )

    /// Writes what can be written.
    ///
    /// Nobody may be there to read any more, or the disk of a log is full: neither may end a service, and
    /// `FileHandle` would.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            let count = systemWrite(descriptor, slice.baseAddress, slice.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// For verbs that go on when whoever reads their words has gone.
    static func outliveReaders() { signal(SIGPIPE, SIG_IGN) }

    func print(_ line: String) { output(line + "\n") }
    func note(_ line: String) { notes(line + "\n") }

    /// A line of the log.
    func log(_ line: String, isUrgent: Bool) {
        if let logLines { logLines(line + "\n", isUrgent) } else { note(line) }
    }

    /// A result as JSON, with sorted keys.
    ///
    /// - Throws: what encoding throws.
    func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A result among others, on one line.
    ///
    /// - Throws: what encoding throws.
    func print(jsonLine value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A line that is not shown while it is typed when standard input is a terminal; nil at its end.
    func readSecret(_ prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        notes(prompt)
        var saved = termios()
        tcgetattr(STDIN_FILENO, &saved)
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
            notes("\n")
        }
        return readLine()
    }
}

/// `write` alone would mean the method.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

extension String {
    /// The text without control characters: what a service sends may not steer the terminal.
    var printable: String {
        String(
            String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 })
        )
    }
}
