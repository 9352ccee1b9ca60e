internal import Core
package import SQL

/// A durable unit of work.
///
/// Its properties are its payload; `kind` is stored, so it never changes.
///
/// A job can run twice (its worker died, its lease ran out): it must be idempotent.
package protocol Job: Codable, Sendable {
    /// The stored name, `asset.prepare`.
    static var kind: String { get }
    /// Names that rows of earlier releases carry.
    static var formerKinds: [String] { get }
    static var lane: Lane { get }
    /// How often it may fail before it is dead.
    static var attempts: Int { get }
    /// What it works for, so that all of a subject's jobs can be cancelled: `asset_12/v1`.
    var subject: String { get }

    /// Runs in a worker process. Cancelled when the lease is lost (the asset was deleted, another worker took over).
    func run(in context: ProcessingContext) async throws -> JobOutcome
    /// Called once in the transaction that buries the job.
    func buried(reason: String, in transaction: any Connection) throws
}

extension Job {
    package static var formerKinds: [String] { [] }
    package static var attempts: Int { 3 }
    package func buried(reason: String, in transaction: any Connection) throws {}
}

/// Where a job waits: probing never waits behind encoding, and a viewer never behind the background.
///
/// Outgoing: what waits for a line to another service, for hours perhaps, and does nothing meanwhile.
package enum Lane: String, Sendable, CaseIterable {
    case light, heavy, viewer, outgoing
}

/// How urgent: higher first.
///
/// Encoding that a viewer waits for comes before everything in the background.
package enum Priority: Int64, Sendable {
    case background = 0
    case normal = 10
    case soon = 20
    case viewer = 30
}

/// How a job ended, when it did not throw.
package enum JobOutcome: Sendable, Equatable {
    case done
    /// It cannot run yet: again after the duration, not counted as an attempt.
    case snooze(Duration)
    /// It can never succeed: buried at once, with the reason.
    case cancel(String)
}
