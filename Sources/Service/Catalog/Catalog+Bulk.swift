package import Core
internal import SQL

/// What is done to many assets at once.
package enum BulkAction: Sendable {
    case delete(forGood: Bool)
    case restore
    /// Adds tags to those that each has.
    case tag([String])
    case untag([String])
}

/// What became of each.
package struct BulkOutcome: Sendable {
    package let done: [AssetID]
    /// Those that are not the owner's, or not where the action looks for them, with the reason.
    package let refused: [(id: AssetID, reason: ServiceError)]
}

extension Catalog {
    /// Does something to many assets in one transaction; one that is refused keeps none of the others from it.
    ///
    /// - Throws: `.invalidRequest` for wrong tags.
    package func bulk(_ action: BulkAction, on ids: [AssetID], for owner: UserID) async throws -> BulkOutcome {
        switch action {
        case .tag(let tags), .untag(let tags): _ = try Tag.checked(tags)
        case .delete, .restore: break
        }
        return try await database.write { transaction in
            var done: [AssetID] = []
            var refused: [(AssetID, ServiceError)] = []
            for id in ids {
                do {
                    try perform(action, on: id, for: owner, in: transaction)
                    done.append(id)
                } catch let error as ServiceError {
                    refused.append((id, error))
                }
            }
            return BulkOutcome(done: done, refused: refused)
        }
    }

    private func perform(
        _ action: BulkAction,
        on id: AssetID,
        for owner: UserID,
        in transaction: any Connection
    ) throws {
        if case .restore = action { return try Self.restore(id, for: owner, in: transaction) }
        let asset = try Self.own(id, owner, in: transaction)
        switch action {
        case .restore: break
        case .delete(let forGood): try remove(id, forGood: forGood, in: transaction)
        case .tag(let tags): try retag(asset, asset.tags + tags, in: transaction)
        case .untag(let tags):
            let keys = Set(try Tag.checked(tags).map(\.key))
            try retag(asset, asset.tags.filter { Tag($0).map { !keys.contains($0.key) } ?? false }, in: transaction)
        }
    }

    private func retag(_ asset: AssetRecord, _ tags: [String], in transaction: any Connection) throws {
        var changes = AssetChanges()
        changes.tags = tags
        try changes.check()
        try Self.apply(changes, to: asset, in: transaction)
    }
}
