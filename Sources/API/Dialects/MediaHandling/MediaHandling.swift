internal import Core
package import HTTP
package import Service

/// Contract 2.
///
/// One line of `register` a route; each group of routes has a file.
package struct MediaHandling: Sendable {
    let accounts: Accounts
    let ingest: Ingest
    let catalog: Catalog
    let delivery: Delivery
    let authentication: Authentication
    let address: PublicAddress
    /// Takes bodies that are the file itself.
    let raw: RawUpload
    let logger: Logger

    /// The name of this door among the limits; what one kind of file may have is under the door's name and the kind's.
    package static let door = "media"

    package static func door(for kind: FileContent.Kind) -> String { "\(door).\(kind.rawValue)" }

    /// `otherwise`: who answers for ids of contract 1's form, which stand in the same place.
    package func register(on router: inout Router, otherwise management: MediaManagement) {
        for slash in ["", "/"] {
            router.on(.post, "/api/media/upload\(slash)", upload)
            router.on(.get, "/api/media\(slash)", list)
            router.on(.get, "/api/media/stats\(slash)", stats)
            router.on(.get, "/api/media/:id\(slash)", byForm(detail, otherwise: management.mediaDetails))
            router.on(.patch, "/api/media/:id\(slash)", change)
            router.on(.delete, "/api/media/:id\(slash)", delete)
            router.on(.post, "/api/media/:id/reprocess\(slash)", reprocess)
        }
        for folder in MediaFile.folders { router.on(.get, "/media/\(folder)/:file", file) }
        router.on(.get, "/media/:user/:kind/:file", file)
    }

    private func byForm(_ ours: @escaping Handler, otherwise theirs: @escaping Handler) -> Handler {
        { request in
            let isInteger = request.parameters["id"]?.utf8.allSatisfy { (48...57).contains($0) } ?? false
            return try await isInteger ? ours(request) : theirs(request)
        }
    }

    static func assetID(_ request: Request) throws -> AssetID {
        guard let id = AssetID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Media not found.")
        }
        return id
    }

    func ownAsset(_ request: Request) async throws -> (AssetRecord, Principal) {
        let principal = try await authentication.principal(for: request)
        return (try await catalog.asset(try Self.assetID(request), for: principal.userID), principal)
    }
}
