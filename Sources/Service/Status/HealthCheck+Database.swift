internal import Core
package import SQL

/// What the database tells.
extension HealthCheck {
    /// Whether it takes a write: the only proof that it does.
    package static func database(_ database: any Database) -> HealthCheck {
        HealthCheck(.database) {
            do {
                try await database.write {
                    try $0.run(
                        """
                        INSERT INTO schedules (name, done_slot, claimed_until) VALUES ('health', \(Timestamp.now), 0)
                        ON CONFLICT (name) DO UPDATE SET done_slot = excluded.done_slot
                        """
                    )
                }
                return nil
            } catch {
                return problem(error)
            }
        }
    }

    private static func problem(_ error: any Error) -> HealthProblem {
        let detail = String(reflecting: error)
        switch (error as? SQLError)?.kind {
        case .full: return HealthProblem("full", "There is no room left to write to the database.", detail: detail)
        case .busy: return HealthProblem("busy", "The database is kept by another writer.", detail: detail)
        default: return HealthProblem("not_writable", "The database cannot be written to.", detail: detail)
        }
    }

    /// Whether its tables are those that this release works with.
    package static func migrations(_ database: any Database) -> HealthCheck {
        HealthCheck(.migrations) {
            let expected = Schema.migrations.count
            do {
                let row = try await database.read { try $0.first("SELECT count(*) AS n FROM schema_migrations") }
                let found: Int = try row?.get("n") ?? 0
                guard found != expected else { return nil }
                return found < expected
                    ? HealthProblem(
                        "pending",
                        "The database lacks \(expected - found) migrations: run 'telecine migrate'."
                    )
                    : HealthProblem("newer", "A newer release migrated the database: run that one.")
            } catch {
                return HealthProblem(
                    "unknown",
                    "The database does not say which migrations it has.",
                    detail: String(reflecting: error)
                )
            }
        }
    }

    /// Whether somebody does the work.
    ///
    /// `expected`: workers belong to this installation all the time. Otherwise they are missed only when work waits.
    package static func workers(
        _ database: any Database,
        expected: Bool,
        grace: Duration = Workers.silence
    ) -> HealthCheck {
        let begin = ContinuousClock.now
        return HealthCheck(.workers) {
            do {
                let now = Timestamp.now
                let (living, oldest) = try await database.read { connection in
                    (try Workers.living(at: now, in: connection).count, try Workers.oldest(at: now, in: connection))
                }
                guard living == 0 else { return nil }
                let isMissed = (oldest.values.max() ?? .zero) > Workers.patience
                // A worker needs a moment to start.
                guard isMissed || (expected && ContinuousClock.now - begin > grace) else { return nil }
                return HealthProblem("none_alive", "No worker is alive: what is uploaded is not processed.")
            } catch {
                return HealthProblem("unknown", "The workers cannot be counted.", detail: String(reflecting: error))
            }
        }
    }

    /// Whether work is done in time.
    ///
    /// `limit`: how long a job may wait.
    package static func queue(_ database: any Database, limit: Duration) -> HealthCheck {
        HealthCheck(.queue) {
            do {
                let now = Timestamp.now
                let oldest = try await database.read { try Workers.oldest(at: now, in: $0) }
                guard let longest = oldest.values.max(), longest > limit else { return nil }
                return HealthProblem(
                    "too_old",
                    "Work has waited for \(longest.components.seconds / 60) minutes: the workers do not keep up."
                )
            } catch {
                return HealthProblem("unknown", "The queue cannot be read.", detail: String(reflecting: error))
            }
        }
    }
}
