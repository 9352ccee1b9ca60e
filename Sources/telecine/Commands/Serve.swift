internal import Core

/// `telecine serve`.
enum Serve {
    static let command = Command(
        name: "serve",
        summary: "Run the service: HTTP, and the workers it starts itself.",
        discussion: "SIGTERM lets what is under way come to its end. All settings: 'telecine settings'.",
        options: [
            Command.Option(SettingsTable.port), Command.Option(SettingsTable.host),
            Command.Option(SettingsTable.dataDir), Command.Option(SettingsTable.publicURL),
        ].compactMap(\.self),
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let logger = LogSink.logger(level: settings.logLevel, format: settings.logFormat, console: invocation.console)
        for notice in settings.notices { logger.warning(notice) }
        throw Failure("serve is not wired yet")
    }
}
