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
        let variants = plan.rungs.compactMap { rung -> Playlist.Variant? in
            guard let record = listed.first(where: { $0.name == rung.name }) else { return nil }
            return Playlist.Variant(
                uri: "\(rung.name)/playlist.m3u8",
                peakBitRate: record.bandwidth ?? rung.bandwidthBound,
                averageBitRate: record.averageBandwidth ?? rung.maxBitrate,
                codecs: record.codecs ?? "",
                width: rung.width,
                height: rung.height,
                frameRate: plan.timeline.rate
            )
        }
        let group = audio.map { record in
            Playlist.Audio(
                uri: "\(VersionState.audioName)/playlist.m3u8",
                peakBitRate: record.bandwidth ?? plan.audioBitRate,
                averageBitRate: record.averageBandwidth ?? plan.audioBitRate,
                codecs: record.codecs ?? "",
                channels: 2,
                language: plan.info.audio?.language
            )
        }
        guard !variants.isEmpty || (plan.rungs.isEmpty && audio?.isComplete == true) else { throw Self.nothing }
        return Playlist.master(variants: variants, audio: group)
    }

    /// The media playlist of a rendition: complete, as VOD, whether or not its segments exist yet.
    package func playlist(_ token: StreamToken, rendition: String) async throws -> String {
        guard let plan = try await plan(token.asset, token.version) else { throw Self.nothing }
        let timeline = plan.timeline
        let numbers = 0..<timeline.segmentCount
        let durations: [Rational]
        if rendition == VersionState.audioName, plan.hasAudio {
            let grid = timeline.audioGrid()
            durations = numbers.map { grid.duration(of: $0) }
        } else if plan.rungs.contains(where: { $0.name == rendition }) {
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
