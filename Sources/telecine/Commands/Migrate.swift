internal import SQL
internal import Service

/// `telecine migrate`.
enum Migrate {
    static let command = Command(
        name: "migrate",
        summary: "Bring the database of the data folder up to this version.",
        discussion: "serve and work do it by themselves; a database that a newer version migrated is left alone.",
        options: [Command.Option(SettingsTable.dataDir)].compactMap(\.self),
        printsJSON: true,
        run: run
    )

    private struct Result: Encodable {
        let migrations: Int
    }

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let database = try await DataFolder.openDatabase(settings)
        await database.close()
        let count = Schema.migrations.count
        if invocation.isJSON {
            try invocation.console.print(json: Result(migrations: count))
        } else {
            invocation.console.print("The database is at migration \(count).")
        }
        return .done
    }
}
