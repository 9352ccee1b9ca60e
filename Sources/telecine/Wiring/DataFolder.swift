internal import Core
internal import Foundation
internal import SQL
internal import Service

/// The data folder: where its parts are, and how they are opened.
enum DataFolder {
    /// The database file of a data folder.
    static func databasePath(_ settings: Settings) -> String { settings.dataDir + "/telecine.sqlite" }

    /// Makes the folder if need be and opens the database, migrated.
    ///
    /// - Throws: `Failure` when the folder cannot be made or the database cannot be used, with what to do about it.
    static func openDatabase(_ settings: Settings) async throws -> any Database {
        try makeFolder(settings)
        let path = databasePath(settings)
        do {
            let database = try SQLiteDatabase(path: path)
            do {
                try await database.migrate(Schema.migrations)
            } catch {
                await database.close()
                throw error
            }
            return database
        } catch let error as SQLError {
            let (message, remedy) = trouble(error, at: path)
            throw Failure("\(message): \(remedy)")
        }
    }

    /// What is the matter with a database that cannot be used, and what to do about it.
    static func trouble(_ error: SQLError, at path: String) -> (message: String, remedy: String) {
        switch error.kind {
        case .corrupt: ("\(path) is damaged (\(error.message))", "restore the data folder from a backup")
        case .migration:
            (
                "\(path) does not fit this version (\(error.message))",
                "run the version that used it last, or restore a backup from before"
            )
        case .full: ("\(path) cannot be written (\(error.message))", "make room on its disk")
        case .busy: ("\(path) is kept by another program (\(error.message))", "end that program, or wait for it")
        default: ("\(path) cannot be used (\(error.message))", "make it a file that this user may read and write")
        }
    }

    /// The accounts on an open database, as the settings want them.
    ///
    /// - Throws: `ServiceError` when the secret cannot be read or made.
    static func accounts(_ settings: Settings, _ database: any Database) throws -> Accounts {
        let secret = try TokenSecret(configured: settings.jwtSecret, dataDir: settings.dataDir)
        return try Accounts(
            database: database,
            secret: secret,
            policy: Accounts.Policy(
                registration: settings.registration,
                tokenLifetime: settings.tokenLifetime,
                sessionLifetime: settings.sessionLifetime
            )
        )
    }

    /// Opens the accounts for one piece of work from the command line.
    ///
    /// - Throws: what opening or the work throws; a `ServiceError` as a `Failure` with its words.
    static func withAccounts<Value: Sendable>(
        _ settings: Settings,
        _ work: (Accounts) async throws -> Value
    ) async throws -> Value {
        let database = try await openDatabase(settings)
        do {
            let value = try await work(try accounts(settings, database))
            await database.close()
            return value
        } catch {
            await database.close()
            if let error = error as? ServiceError { throw Failure(error.message) }
            throw error
        }
    }
}

extension DataFolder {
    /// Keeps a second `serve` off the same folder; gone with the process, however it ends.
    struct Lock: Sendable {
        fileprivate let descriptors: [Int32]

        func release() {
            for descriptor in descriptors {
                // Said, because a child that is just being started holds a copy of the descriptor.
                flock(descriptor, LOCK_UN)
                close(descriptor)
            }
        }
    }

    /// The whole folder for a process that is all services; for one of several, a part in it.
    ///
    /// One process receives uploads: what is being written to is known in its memory alone.
    ///
    /// - Throws: `Failure` when another service has the folder.
    static func lock(_ settings: Settings, for only: ServiceChoice) throws -> Lock {
        try makeFolder(settings)
        let folder = settings.dataDir
        let remedy = "end it, or choose another folder with --data"
        let whole = try take("serve.lock", in: folder, only.isAll ? LOCK_EX : LOCK_SH) {
            only.isAll
                ? "another 'telecine serve' uses \(folder): \(remedy)"
                : "a 'telecine serve' that is all services uses \(folder): \(remedy)"
        }
        guard only.service == .uploads else { return Lock(descriptors: [whole]) }
        do {
            let part = try take("upload-manager.lock", in: folder, LOCK_EX) {
                "another upload-manager uses \(folder), and there can be only one: \(remedy)"
            }
            return Lock(descriptors: [whole, part])
        } catch {
            close(whole)
            throw error
        }
    }

    private static func take(_ name: String, in folder: String, _ kind: Int32, busy: () -> String) throws -> Int32 {
        let descriptor = open("\(folder)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("DATA_DIR=\(folder) is not writable.") }
        guard flock(descriptor, kind | LOCK_NB) == 0 else {
            close(descriptor)
            throw Failure(busy())
        }
        return descriptor
    }

    private static func makeFolder(_ settings: Settings) throws {
        do {
            // Nobody else has a business in it.
            try FileManager.default.createDirectory(
                atPath: settings.dataDir,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw Failure("DATA_DIR=\(settings.dataDir) is no folder and cannot be made.")
        }
    }
}
