internal import Core
internal import Crypto
internal import SQL

/// Which of an owner's assets are wanted, and in which order.
package struct AssetQuestion: Sendable {
    package enum Sort: String, Sendable, CaseIterable {
        case newest = "-createdAt"
        case oldest = "createdAt"
        case title = "title"
        case titleBackwards = "-title"
        case changed = "-updatedAt"
        case unchanged = "updatedAt"

        var isDescending: Bool { rawValue.hasPrefix("-") }
    }

    /// Words that must be in its title, tags, file name or description.
    package var search: String?
    /// `processing`, `ready` or `failed`.
    package var state: String?
    /// `video`, `audio`, `image`.
    package var kind: String?
    package var tag: String?
    /// Nil: the best first when it is a search, the newest first otherwise.
    package var sort: Sort?

    package init() {}

    /// The tag as it is compared: case and accents make no difference.
    var tagKey: String? { tag.map { SearchText.key($0) } }
}

/// A part of a list.
package struct AssetListing: Sendable {
    package let assets: [AssetRecord]
    /// How many there are in all.
    package let total: Int
    /// False for a search that matches more than `total`.
    package let isTotalExact: Bool
    /// Asks for the part that follows; nil at the end.
    package let next: String?
}

/// Where a list goes on: after an asset, whatever was added or deleted before it meanwhile.
struct ListCursor: Sendable {
    let sort: AssetQuestion.Sort
    let id: AssetID
    /// The value that the list is sorted by; empty where that is the id.
    let key: String

    init(after asset: AssetID, key: String, sort: AssetQuestion.Sort) {
        (id, self.key, self.sort) = (asset, key, sort)
    }

    /// - Throws: `.invalidRequest` for what no answer contained, or one with another order.
    init(_ text: String, sort: AssetQuestion.Sort) throws {
        let parts = Base64.decodeURLSafe(text).map {
            String(decoding: $0, as: UTF8.self).split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        }
        guard let parts, parts.count == 3, parts[0] == sort.rawValue, let id = AssetID(parsing: parts[1]) else {
            throw ServiceError(
                .invalidRequest,
                "cursor must be the next of an answer to the same question.",
                field: "cursor"
            )
        }
        self.init(after: id, key: String(parts[2]), sort: sort)
    }

    var text: String { Base64.encodeURLSafe(Array("\(sort.rawValue)\n\(id)\n\(key)".utf8)) }
}
