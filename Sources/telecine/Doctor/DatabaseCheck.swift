internal import Foundation
internal import SQL
internal import Service

/// Whether the database of the data folder is one that this version can use; nothing in it is changed.
enum DatabaseCheck {
    static func findings(_ settings: Settings) async -> [Finding] {
        let path = DataFolder.databasePath(settings)
        guard FileManager.default.fileExists(atPath: path) else { return [] }  // Made at first start.
        do {
            try await look(path)
            return [Finding("database", .good, path)]
        } catch {
            let error = error as? SQLError ?? SQLError(.other, "\(error)")
            let (message, remedy) = DataFolder.trouble(error, at: path)
            return [Finding("database", .wrong, message, remedy: remedy)]
        }
    }

    /// - Throws: `SQLError`.
    private static func look(_ path: String) async throws {
        let database = try SQLiteDatabase(path: path)
        do {
            let row = try await database.read { try $0.first("SELECT max(number) AS newest FROM schema_migrations") }
            let newest: Int? = try row?.get("newest")
            guard newest ?? 0 <= Schema.migrations.count else {
                throw SQLError(.migration, "a newer version migrated it")
            }
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }
}
