internal import Core

/// What the doors of ingest allow.
///
/// Defaults are contract 1's and `contracts/README`'s.
package struct IngestConfiguration: Sendable {
    /// The folder of staged files, on the object store's file system so that completion is a rename.
    package var stagingDirectory: String
    /// Bytes of a part, 64 KiB to 1 GiB.
    ///
    /// A large file gets larger parts, so that it has at most 10,000.
    package var partSize: Int64
    /// Bytes of the largest file.
    package var maximumSize: Int64
    /// How long an upload may take from its first request.
    package var expiry: Duration
    /// How long a failed upload's reason is kept.
    package var keepFailed: Duration
    /// When a completion that failed (a full disk) is tried again.
    package var retryAfter: Duration
    /// What single doors allow; the others allow `maximumSize` and any duration.
    package var doors: [String: DoorLimits]
    /// When what came is made to survive a power cut.
    package var sync = UploadSync.complete
    /// What one user may have under way.
    package var user = UserLimits()
    /// How long the record of a finished upload is kept, so that its client can still ask for it.
    package var keepFinished = Duration.seconds(30 * 86_400)
    /// How long a connection must have brought nothing before another request takes its upload over.
    package var silence = Duration.milliseconds(250)
    /// How long that other request waits for it to let go, on a machine that has much else to do.
    package var departure = Duration.seconds(10)

    package init(
        stagingDirectory: String,
        partSize: Int64 = 5 << 20,
        maximumSize: Int64 = 10 << 30,
        expiry: Duration = .seconds(86_400),
        keepFailed: Duration = .seconds(7 * 86_400),
        retryAfter: Duration = .seconds(5),
        doors: [String: DoorLimits] = [:]
    ) {
        self.stagingDirectory = stagingDirectory
        self.partSize = partSize
        self.maximumSize = maximumSize
        self.expiry = expiry
        self.keepFailed = keepFailed
        self.retryAfter = retryAfter
        self.doors = doors
    }

    func limits(of door: String) -> DoorLimits { doors[door] ?? DoorLimits(maximumSize: maximumSize) }

    static let maximumParts: Int64 = 10_000

    /// The part size of a file: the configured one, or the multiple of it that keeps the parts countable.
    func partSize(for size: Int64) -> Int64 {
        let parts = (size + partSize - 1) / partSize
        return partSize * ((parts + Self.maximumParts - 1) / Self.maximumParts)
    }
}
