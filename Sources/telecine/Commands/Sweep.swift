internal import Core
internal import Service
internal import SQL

/// `telecine sweep`.
enum Sweep {
    static let command = Command(
        name: "sweep",
        summary: "Remove uploads that were never finished, and what is left of others.",
        discussion: "serve does it every hour; this does it now, beside a running service or without one. "
            + "Uploads that are being received stay. Removed are uploads past UPLOAD_EXPIRY, staged files of no "
            + "upload, failed uploads after 7 days, and the records of finished ones after 30; assets stay. "
            + "When another sweep is under way it does nothing, and that is no failure.",
        options: [Command.Option(SettingsTable.dataDir)].compactMap(\.self),
        printsJSON: true,
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let logger = LogSink.logger(level: .warning, format: settings.logFormat, console: invocation.console)
        let installation = try await Installation.open(settings, logger: logger)
        let report: SweepReport?
        do {
            report = try await installation.ingest().sweep()
        } catch {
            await installation.database.close()
            if let error = ServiceError(passing: error) { throw Failure(error.message) }
            throw error
        }
        await installation.database.close()
        if report == nil { invocation.console.note("telecine: another sweep is under way; it is left to that one") }
        try tell(report ?? SweepReport(), invocation)
        return .done
    }

    private static func tell(_ report: SweepReport, _ invocation: Invocation) throws {
        guard !invocation.isJSON else { return try invocation.console.print(json: report) }
        invocation.console.print(
            "expired uploads: \(report.expired), failed: \(report.failed), finished: \(report.finished), "
                + "orphaned files: \(report.orphans), \(ByteCount(report.bytes)) removed"
        )
    }
}
