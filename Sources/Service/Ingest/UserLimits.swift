package import Core
internal import SQL

/// What one user may have under way, over all doors together.
package struct UserLimits: Sendable, Equatable {
    /// Unfinished uploads; partial ones count until they expire or are deleted, because they stay.
    package var openUploads: Int
    /// Bytes that they announce together; a length that is to come counts as the longest that its door allows.
    package var openBytes: Int64

    package init(openUploads: Int = 1000, openBytes: Int64 = 100 << 30) {
        self.openUploads = openUploads
        self.openBytes = openBytes
    }
}

extension Ingest {
    /// Records an upload when its owner may have one more.
    ///
    /// - Throws: `.tooManyRequests`; `.tooLarge` for what its owner could never send.
    func admit(_ upload: Upload, in transaction: any Connection) throws {
        let limits = configuration.user
        let open = try Self.open(of: upload.owner, in: transaction)
        guard open.count < limits.openUploads else {
            throw refusal(
                "You have \(open.count) unfinished uploads, and may have \(limits.openUploads): finish or delete one, "
                    + "or wait until one expires."
            )
        }
        let bytes = upload.bytesToCome
        guard bytes <= limits.openBytes else {
            throw ServiceError(
                .tooLarge,
                "File size exceeds maximum allowed size: \(bytes) bytes, allowed are \(limits.openBytes) of one user."
            )
        }
        guard bytes <= limits.openBytes - open.bytes else {
            throw refusal(
                "Your unfinished uploads have \(open.bytes) bytes, with this one \(open.bytes + bytes), and may have "
                    + "\(limits.openBytes): finish or delete one, or wait until one expires."
            )
        }
        try upload.insert(in: transaction)
    }

    private func refusal(_ words: String) -> ServiceError {
        metrics.refused.add()
        return ServiceError(.tooManyRequests, words, retryAfter: .seconds(60))
    }

    /// The largest file that a door takes, or takes from somebody now.
    package func largestFile(at door: String, for owner: UserID? = nil) async throws -> Int64 {
        let limit = min(configuration.limits(of: door).maximumSize, configuration.user.openBytes)
        guard let owner else { return limit }
        let open = try await database.read { try Self.open(of: owner, in: $0) }
        return max(0, min(limit, configuration.user.openBytes - open.bytes))
    }

    /// A `final` has the bytes of its partials, which count themselves.
    private static func open(of owner: UserID, in connection: any Connection) throws -> (count: Int, bytes: Int64) {
        let row = try connection.first(
            """
            SELECT COUNT(*) AS count, CAST(COALESCE(SUM(CASE WHEN form = 'final' THEN 0 WHEN length_known = 1 THEN size
                ELSE COALESCE(size_limit, 0) END), 0) AS BIGINT) AS bytes
            FROM uploads WHERE user_id = \(owner) AND (state IN ('validating', 'hashing')
                OR (state IN ('created', 'receiving') OR state = 'complete' AND form = 'partial')
                    AND expires_at > \(Timestamp.now))
            """
        )
        return (try row?.get("count") ?? 0, try row?.get("bytes") ?? 0)
    }
}

extension Upload {
    /// What it may take on the disk.
    fileprivate var bytesToCome: Int64 {
        form == .final ? 0 : isLengthKnown ? size : sizeLimit ?? 0
    }
}
