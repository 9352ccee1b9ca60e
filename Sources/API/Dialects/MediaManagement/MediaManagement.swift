package import HTTP
package import Service

/// Contract 1.
///
/// One line of `register` a route; each group of routes has a file.
package struct MediaManagement: Sendable {
    let ingest: Ingest
    let catalog: Catalog
    let delivery: Delivery
    let insight: Insight
    let authentication: Authentication
    let address: PublicAddress

    package init(
        ingest: Ingest,
        catalog: Catalog,
        delivery: Delivery,
        insight: Insight,
        authentication: Authentication,
        address: PublicAddress
    ) {
        self.ingest = ingest
        self.catalog = catalog
        self.delivery = delivery
        self.insight = insight
        self.authentication = authentication
        self.address = address
    }

    package func register(on router: inout Router) {
        router.on(.post, "/api/uploads/init", beginUpload)
        router.on(.post, "/api/uploads/:id/chunks", receiveChunk)
        router.on(.get, "/api/uploads/:id", uploadStatus)
        for prefix in ["/media", "/api/media"] {
            router.on(.get, "\(prefix)/:id", mediaDetails)
            router.on(.get, "\(prefix)/:id/stream", streamLinks)
            router.on(.post, "\(prefix)/:id/events", recordEvent)
        }
        router.on(.get, "/api/assets", assetList)
        router.on(.get, "/api/assets/:id", mediaDetails)
        router.on(.delete, "/api/assets/:id", deleteAsset)
    }
}
