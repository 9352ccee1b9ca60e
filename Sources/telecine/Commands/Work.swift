/// `telecine work`.
enum Work {
    static let command = Command(
        name: "work",
        summary: "Process media for a service that shares the data folder, without HTTP.",
        discussion: "SIGTERM ends it after the chunk under way; SIGKILL costs at most that chunk.",
        options: [Command.Option(SettingsTable.dataDir)].compactMap(\.self),
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        _ = try invocation.settings()
        throw Failure("work is not wired yet")
    }
}
