internal import Core
internal import Media
internal import SQL

/// Playlists: computed from the plan and the catalog, never stored.
extension Delivery {
    /// The master playlist: the rungs that can be delivered now, with measured rates.
    package func master(_ token: StreamToken) async throws -> String {
        guard let plan = try await plan(token.asset, token.version) else { throw Self.nothing }
        let renditions = try await catalog.renditions(of: token.asset, version: token.version)
        let listed = VersionState.listed(renditions)
        let audio = renditions.first { $0.name == VersionState.audioName }
        let variants = listed.compactMap { plan.variant($0) }
        let group = audio.map { record in
            Playlist.Audio(
                uri: "\(VersionState.audioName)/playlist.m3u8",
                peakBitRate: record.bandwidth ?? plan.audioBitRate,
                averageBitRate: record.averageBandwidth ?? plan.audioBitRate,
                codecs: record.codecs ?? "",
                channels: plan.copiedAudio?.channels ?? 2,
                language: plan.info.audio?.language
            )
        }
        guard !variants.isEmpty || (plan.info.video == nil && audio?.isDeliverable == true) else { throw Self.nothing }
        return Playlist.master(
            variants: variants,
            audio: group,
            keyFrames: try await keyFrames(of: listed, plan, token),
            captions: try await captions(token)
        )
    }

    /// The media playlist of a rendition: complete, as VOD, whether or not its segments exist yet.
    package func playlist(_ token: StreamToken, rendition: String) async throws -> String {
        guard let plan = try await plan(token.asset, token.version) else { throw Self.nothing }
        let timeline = plan.timeline
        let numbers = 0..<timeline.segmentCount
        let durations: [Rational]
        if rendition == VersionState.audioName, plan.hasAudio {
            let grid = plan.audioGrid
            durations = numbers.map { grid.duration(of: $0) }
        } else if plan.rungs.contains(where: { $0.name == rendition }) || plan.copied?.name == rendition {
            durations = numbers.map { timeline.duration(of: $0) }
        } else {
            throw Self.nothing
        }
        return Playlist.media(
            targetDuration: Playlist.targetDuration(of: timeline),
            segments: zip(numbers, durations).map { Playlist.Segment(duration: $1.duration, uri: "\($0).m4s") },
            map: "init.mp4"
        )
    }
}

extension Plan {
    /// A rung as the master playlist names it: measured where it is complete, its bounds before.
    func variant(_ record: RenditionRecord) -> Playlist.Variant? {
        let size: (width: Int, height: Int)
        let rates: (peak: Int, average: Int)
        if let copied, copied.name == record.name {
            (size, rates) = ((copied.width, copied.height), (copied.peakBitRate, copied.averageBitRate))
        } else if let rung = rungs.first(where: { $0.name == record.name }) {
            (size, rates) = ((rung.width, rung.height), (rung.bandwidthBound, rung.maxBitrate))
        } else {
            return nil
        }
        return Playlist.Variant(
            uri: "\(record.name)/playlist.m3u8",
            peakBitRate: record.bandwidth ?? rates.peak,
            averageBitRate: record.averageBandwidth ?? rates.average,
            codecs: record.codecs ?? "",
            width: size.width,
            height: size.height,
            frameRate: timeline.frameRate
        )
    }
}
