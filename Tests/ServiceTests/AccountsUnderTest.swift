import Core
import Foundation
import SQL
import Synchronization

@testable import Service

/// Accounts on a database of their own, with a clock that tests turn.
final class AccountsUnderTest: Sendable {
    let accounts: Accounts
    let database: SQLiteDatabase
    private let folder: String
    private let clock: Clock

    init(_ registration: RegistrationPolicy = .open) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-accounts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try SQLiteDatabase(path: folder + "/test.sqlite")
        try await database.migrate(Schema.migrations)
        let clock = Clock(Timestamp(seconds: 1_700_000_000))
        self.clock = clock
        accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: registration),
            now: { clock.now }
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func pass(_ duration: Duration) { clock.pass(duration) }

    /// Registers `name@example.com`, from an address of its own.
    @discardableResult
    func register(_ name: String, inviteCode: String? = nil) async throws -> SignIn {
        try await accounts.register(
            Registration(email: "\(name)@example.com", password: "password of \(name)", inviteCode: inviteCode),
            from: "address of \(name)"
        )
    }

    @discardableResult
    func login(_ name: String, password: String? = nil, from address: String = "192.0.2.1") async throws -> SignIn {
        try await accounts.login(
            Credentials(email: "\(name)@example.com", password: password ?? "password of \(name)"),
            from: address
        )
    }
}

/// A clock that stands still until it is turned.
final class Clock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp) { time = Mutex(start) }

    var now: Timestamp { time.withLock { $0 } }
    func pass(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
}
