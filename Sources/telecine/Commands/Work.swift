internal import Core
internal import Foundation
internal import Service
internal import SQL

/// `telecine work`.
enum Work {
    static let command = Command(
        name: "work",
        summary: "Process media for a service that shares the data folder, without HTTP.",
        discussion: "SIGTERM gives the jobs under way back; SIGKILL costs at most a chunk each.",
        options: [
            Command.Option(SettingsTable.dataDir),
            Command.Option("--name", value: "NAME", help: "A name that no other living worker has."),
            Command.Option(
                "--supervised",
                value: "PID",
                help: "End when this process, its parent, does, and log to standard output."
            ),
            Command.Option("--json", help: "Log as JSON on a terminal too."),
        ].compactMap(\.self),
        run: run
    )

    /// SIGTERM is honoured from here on, while it starts too.
    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        try await Interruption.cancels {
            do {
                try await runUntilCancelled(invocation)
            } catch {
                guard Task.isCancelled else { throw error }
            }
            return .done
        }
    }

    private static func runUntilCancelled(_ invocation: Invocation) async throws {
        Console.outliveReaders()
        let settings = try invocation.settings()
        // Given, not asked for here: the parent may be gone before this process comes to ask.
        let parent = try invocation.arguments.integer("--supervised", in: 1...Int(pid_t.max)).map { pid_t($0) }
        // The supervisor hands on what comes from standard output; standard error is for crashes.
        let console =
            parent != nil
            ? Console(output: invocation.console.output, notes: invocation.console.output, isTerminal: false)
            : invocation.console
        let logger = LogSink.logger(for: settings, invocation, console: console)
        let name = invocation.arguments.values["--name"] ?? "\(ProcessInfo.processInfo.hostName)-\(getpid())"
        let installation = try await Installation.open(settings, logger: logger)
        let folder = try WorkFolder.take(in: installation.workDirectory)
        defer { folder.release() }
        let worker = Worker(
            name: name,
            queue: installation.queue,
            context: try await installation.processingContext(in: folder.path),
            // Sound and picture of one seek at once.
            slots: [.heavy, .viewer, .viewer, .light, .light, .outgoing],
            logger: logger
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run() }
            if let parent { group.addTask { await Self.waitForEnd(of: parent) } }
            await group.next()
            group.cancelAll()
        }
        await installation.database.close()
    }

    /// Returns when the parent is gone, killed too: nobody would watch this worker, and a new service starts its own.
    private static func waitForEnd(of parent: pid_t) async {
        while getppid() == parent {
            do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
        }
    }
}
