internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// What stands around the picture: storyboard, preview, chapters, captions, key frames.
extension Delivery {
    // MARK: - Files

    /// Where a sprite of the storyboard stands.
    package func spritePath(_ number: Int, _ token: StreamToken) throws -> String {
        try existing(try derivativeKey("storyboard-\(number)", "jpg", "image/jpeg", token))
    }

    package func previewPath(_ token: StreamToken) throws -> String {
        try existing(try derivativeKey("preview", "webp", "image/webp", token))
    }

    private func derivativeKey(
        _ name: String,
        _ fileExtension: String,
        _ type: String,
        _ token: StreamToken
    ) throws -> ObjectKey {
        try Derivative(name: name, fileExtension: fileExtension, mimeType: type, bytes: 0)
            .key(token.asset, version: token.version)
    }

    // MARK: - WebVTT

    /// The storyboard: which part of which sprite shows which time.
    package func storyboard(_ token: StreamToken) async throws -> String {
        guard let storyboard = try await version(of: token).storyboard else { throw Self.nothing }
        return storyboard.webVTT { "storyboard-\($0).jpg" }
    }

    package func chapters(_ token: StreamToken) async throws -> String {
        let chapters = try await version(of: token).chapters
        guard !chapters.isEmpty else { throw Self.nothing }
        return chapters.webVTT
    }

    /// The captions of a language, as a `<track>` and an HLS player both read them.
    package func captions(_ language: String, _ token: StreamToken) async throws -> String {
        guard let tag = try? LanguageTag(language),
            let text = try await Captions(catalog: catalog).text(tag, of: token.asset, version: token.version)
        else { throw Self.nothing }
        return WebVTT.segment(text)
    }

    private func version(of token: StreamToken) async throws -> VersionRecord {
        guard let asset = try await catalog.find(token.asset, linked: token.version) else { throw Self.nothing }
        return asset.version
    }

    // MARK: - Playlists

    /// The playlist of a language's captions: one file.
    package func captionPlaylist(_ language: String, _ token: StreamToken) async throws -> String {
        guard let plan = try await plan(token.asset, token.version) else { throw Self.nothing }
        let known = try await Captions(catalog: catalog).tracks(of: token.asset, version: token.version).contains {
            $0.language.text == language
        }
        guard known else { throw Self.nothing }
        return Playlist.captions(uri: "\(language).vtt", duration: plan.timeline.duration.duration)
    }

    /// The I-frame playlist of a rung that is complete.
    package func keyFramePlaylist(_ token: StreamToken, rendition: String) async throws -> String {
        guard let plan = try await plan(token.asset, token.version) else { throw Self.nothing }
        let table = try await database.read {
            try KeyFrameTable.find(token.asset, token.version, rendition, in: $0)
        }
        guard let frames = table?.frames else { throw Self.nothing }
        let duration = plan.timeline.duration.duration.microseconds
        let lengths = Dictionary(
            zip(frames, Playlist.lengths(of: frames, duration: duration)),
            uniquingKeysWith: { first, _ in first }
        )
        return Playlist.iFrames(frames, duration: duration, map: "init.mp4") { frame in
            "iframes/\(frame.segment)-\(frame.fragment)-\(lengths[frame] ?? 1).m4s"
        }
    }

    /// One key frame as a fragment of its own.
    ///
    /// `name`: `<segment>-<fragment>-<microseconds>.m4s`, as the I-frame playlist names it.
    package func keyFrame(_ name: String, rendition: String, _ token: StreamToken) async throws -> [UInt8] {
        let numbers = name.hasSuffix(".m4s") ? name.dropLast(4).split(separator: "-").map { Int($0) } : []
        guard numbers.count == 3, let segment = numbers[0], let fragment = numbers[1], let length = numbers[2],
            (0...1_000_000).contains(segment), (0...1000).contains(fragment), (1...86_400_000_000).contains(length)
        else { throw Self.nothing }
        let file = { try AssetKeys.file(token.asset, version: token.version, rendition: rendition, name: $0) }
        let picture = try await KeyFrameReader.picture(
            fragment,
            of: try existing(try file("\(segment).m4s")),
            initialization: try existing(try file("init.mp4")),
            duration: Int64(length)
        )
        guard let picture else { throw Self.nothing }
        return picture
    }

    func keyFrames(
        of listed: [RenditionRecord],
        _ plan: Plan,
        _ token: StreamToken
    ) async throws -> [Playlist.KeyFrames] {
        let rates = try await database.read { try KeyFrameTable.rates(of: token.asset, token.version, in: $0) }
        return listed.compactMap { record in
            guard let rate = rates[record.name], let variant = plan.variant(record) else { return nil }
            return Playlist.KeyFrames(
                uri: "\(record.name)/iframes.m3u8",
                peakBitRate: rate.peak,
                averageBitRate: rate.average,
                codecs: variant.codecs,
                width: variant.width,
                height: variant.height
            )
        }
    }

    func captions(_ token: StreamToken) async throws -> [Playlist.Captions] {
        let tracks = try await Captions(catalog: catalog).tracks(of: token.asset, version: token.version)
        var names: Set<String> = []
        return tracks.map { track in
            let isNew = names.insert(track.language.name).inserted
            return Playlist.Captions(
                uri: "captions/\(track.language.text).m3u8",
                language: track.language.text,
                name: isNew ? track.language.name : "\(track.language.name) (\(track.language.text))"
            )
        }
    }
}

extension Delivery.Link {
    package var storyboard: String { "/stream/\(token)/storyboard.vtt" }
    package var preview: String { "/stream/\(token)/preview.webp" }
    package var chapters: String { "/stream/\(token)/chapters.vtt" }
    package func captions(_ language: LanguageTag) -> String { "/stream/\(token)/captions/\(language.text).vtt" }
}
