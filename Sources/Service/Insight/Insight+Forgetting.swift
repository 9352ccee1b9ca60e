package import Core
internal import SQL

extension Insight {
    /// What asked not to be tracked is remembered only as long as its playback may go on.
    private static let privateRetention = Duration.seconds(86_400)
    /// Rows removed in one transaction, so that others can write in between.
    private static let portion = 5000

    /// Removes single events and playbacks that are older than the retention period, and what told viewers apart
    /// yesterday.
    ///
    /// - Returns: how many events.
    @discardableResult
    package func forget(at now: Timestamp = .now) async throws -> Int {
        let (old, portion) = (now - configuration.retention, Self.portion)
        var count = 0
        while !Task.isCancelled {
            let removed = try await database.write { transaction in
                try transaction.run(
                    """
                    DELETE FROM playback_events WHERE id IN (SELECT id FROM playback_events
                        WHERE created_at < \(old) ORDER BY created_at LIMIT \(portion))
                    """
                )
            }
            count += removed
            if removed < portion { break }
        }
        // A playback of yesterday may go on; a viewer's key of yesterday means nothing any more.
        let today = Day(now)
        try await database.write { transaction in
            try transaction.run(
                """
                DELETE FROM playback_sessions WHERE updated_at < \(old)
                    OR (is_private = 1 AND updated_at < \(now - Self.privateRetention))
                """
            )
            try transaction.run("DELETE FROM playback_viewers WHERE day < \(today)")
            try transaction.run("DELETE FROM playback_salts WHERE day < \(today)")
        }
        return count
    }
}
