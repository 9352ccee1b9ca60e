internal import Media

/// Which place a copied picture takes in the ladder (DESIGN 4, "Copy").
struct CopyChoice {
    let copied: Plan.CopiedRung?
    /// The rungs that are still encoded.
    let encoded: [Rung]

    init(_ video: CopiedVideo?, info: MediaInfo, ladder: [Rung], profiles: [Profile]) {
        guard let video, let size = info.video?.displaySize else {
            copied = nil
            encoded = ladder
            return
        }
        // It takes the place of a top rung of its own size; between two profiles it stands above the ladder.
        let twin = ladder.first.flatMap { $0.width == size.width && $0.height == size.height ? $0 : nil }
        let holding = profiles.filter {
            max($0.width, $0.height) >= max(size.width, size.height)
                && min($0.width, $0.height) >= min(size.width, size.height)
        }
        let ceiling = twin?.maxBitrate ?? holding.map(\.videoBitrate).min() ?? 0
        let isFinal = video.averageBitRate * 2 <= ceiling * 3
        encoded = isFinal && twin != nil ? Array(ladder.dropFirst()) : ladder
        let ownName = "\(min(size.width, size.height))p"
        let isTaken = encoded.contains { $0.name == ownName }
        copied = Plan.CopiedRung(
            name: isFinal ? twin?.name ?? (isTaken ? Self.standIn : ownName) : Self.standIn,
            width: size.width,
            height: size.height,
            averageBitRate: video.averageBitRate,
            peakBitRate: video.peakBitRate,
            isFinal: isFinal
        )
    }

    /// The name of a copy that is not the top rung for good.
    private static let standIn = "source"
}
