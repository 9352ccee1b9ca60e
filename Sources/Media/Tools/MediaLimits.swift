/// What one medium, and one child process, may cost.
package struct MediaLimits: Sendable {
    /// Pixels of one picture: a little more than 8K.
    package var pixels = 8192 * 4608
    package var streams = 64
    package var duration: Duration = .seconds(24 * 3600)
    /// Media longer than this have at least so many bits a second: a still picture of x264's has five times as many.
    package var sparseDuration: Duration = .seconds(600)
    package var leastBitRate: Int64 = 100
    /// Video packets of one file: a day at 60 a second.
    package var packets = 6_000_000
    /// Address space of a child, in bytes (MEDIA: 6 GiB serves 4K HDR on many threads).
    package var addressSpace = 6_442_450_944
    /// The largest file a child may write, in bytes.
    package var fileSize = 8_589_934_592
    /// CPU seconds a child may use whatever it does, and for each second of media it works on.
    package var cpuSecondsBase = 600
    /// The same for a look at the head of a file, which takes a tenth of one.
    package var cpuSecondsOfProbe = 60
    package var cpuSecondsPerMediaSecond = 60

    package init() {}

    /// CPU seconds for a child that works on this much media; zero: it only looks at the head of a file.
    func cpuSeconds(for media: Duration) -> Int {
        guard media > .zero else { return min(cpuSecondsBase, cpuSecondsOfProbe) }
        let seconds = min(max(0, media.components.seconds), 10_000_000)
        return cpuSecondsBase + cpuSecondsPerMediaSecond * Int(seconds)
    }
}
