package import Core
package import Media
package import ObjectStorage
package import SQL

/// What jobs run with.
///
/// A worker makes it once.
package struct ProcessingContext: Sendable {
    package let database: any Database
    package let store: any ObjectStore
    package let tools: MediaTools
    /// The processes that decode pictures.
    package let images: ImageHelpers
    package let profiles: [Profile]
    /// Where chunks are made before they are published; on the object store's file system.
    package let workDirectory: String
    /// The operator's channel; nil where there is none.
    package let youtube: YouTubeClient?
    package let logger: Logger

    /// `images`: nil for helpers that are this very program.
    package init(
        database: any Database,
        store: any ObjectStore,
        tools: MediaTools,
        images: ImageHelpers? = nil,
        profiles: [Profile],
        workDirectory: String,
        youtube: YouTubeClient? = nil,
        logger: Logger
    ) {
        self.database = database
        self.store = store
        self.tools = tools
        self.images = images ?? ImageHelpers(tools: tools)
        self.profiles = profiles
        self.workDirectory = workDirectory
        self.youtube = youtube
        self.logger = logger
    }
}
