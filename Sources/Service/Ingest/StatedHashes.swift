package import Core
internal import SQL

/// The hashes that a client says the whole has, in lower-case hexadecimal.
///
/// Each is verified before the upload is complete.
package struct StatedHashes: Sendable, Equatable {
    package let sha256: String?
    package let sha512: String?

    package init(sha256: String? = nil, sha512: String? = nil) {
        self.sha256 = sha256
        self.sha512 = sha512
    }

    var isEmpty: Bool { sha256 == nil && sha512 == nil }
}

extension Ingest {
    /// States hashes of the whole for an upload that is still open.
    ///
    /// - Throws: `.hashMismatch` when another was stated before; as `look`.
    package func state(_ hashes: StatedHashes, of id: UploadID, for owner: UserID) async throws {
        guard try await find(id, for: owner).acceptsParts else { return }
        try await database.write { transaction in
            try transaction.run(
                """
                UPDATE uploads SET stated_hash = COALESCE(stated_hash, \(hashes.sha256)),
                    stated_sha512 = COALESCE(stated_sha512, \(hashes.sha512))
                WHERE id = \(id) AND state IN ('created', 'receiving')
                """
            )
            guard let stated = try Upload.find(id, in: transaction)?.stated else { return }
            guard hashes.sha256 == nil || hashes.sha256 == stated.sha256,
                hashes.sha512 == nil || hashes.sha512 == stated.sha512
            else { throw ServiceError(.hashMismatch, "Another hash was stated for this upload before.") }
        }
    }
}
