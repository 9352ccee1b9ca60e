package import HTTP
internal import Service

/// Contract 1.
///
/// One line of `register` a route; each group of routes has a file.
package struct MediaManagement: Sendable {
    let ingest: Ingest
    let catalog: Catalog
    let delivery: Delivery
    let early: EarlyPlay?
    let insight: Insight
    let sharing: Sharing
    let youtube: YouTube
    let authentication: Authentication
    let address: PublicAddress
    let playbacks: PlaybackReports

    /// `early`: nil where nothing plays before its upload is complete.
    init(
        ingest: Ingest,
        catalog: Catalog,
        delivery: Delivery,
        early: EarlyPlay? = nil,
        insight: Insight,
        sharing: Sharing,
        youtube: YouTube,
        authentication: Authentication,
        address: PublicAddress,
        playbacks: PlaybackReports
    ) {
        self.ingest = ingest
        self.catalog = catalog
        self.delivery = delivery
        self.early = early
        self.insight = insight
        self.sharing = sharing
        self.youtube = youtube
        self.authentication = authentication
        self.address = address
        self.playbacks = playbacks
    }

    package func register(on router: inout Router) {
        router.on(.post, "/api/uploads/init", beginUpload)
        router.on(.post, "/api/uploads/:id/chunks", receiveChunk)
        router.on(.get, "/api/uploads/:id", uploadStatus)
        // Under `/api/media` contract 2 answers for integers (its `register`).
        router.on(.get, "/media/:id", mediaDetails)
        for prefix in ["/media", "/api/media"] {
            router.on(.get, "\(prefix)/:id/stream", streamLinks)
            router.on(.post, "\(prefix)/:id/events", recordEvent)
            router.on(.get, "\(prefix)/:id/analytics", showAnalytics)
            router.on(.post, "\(prefix)/:id/share", makeShare)
            router.on(.get, "\(prefix)/:id/share", listShares)
            router.on(.get, "\(prefix)/:id/share/:token/views", listViews)
            router.on(.delete, "\(prefix)/:id/share/:token", revokeShare)
        }
        registerAssets(on: &router)
        registerTrash(on: &router)
        registerYouTube(on: &router)
        router.on(.get, "/api/assets/:id/captions", captionList)
        router.on(.put, "/api/assets/:id/captions/:language", putCaptions)
        router.on(.delete, "/api/assets/:id/captions/:language", deleteCaptions)
        router.on(.post, "/api/assets/:id/clips", makeClip)
    }
}
