internal import Core
internal import HTTP
internal import Service

/// Captions and clips of an asset, and what its details say of what stands around it.
extension MediaManagement {
    private var texts: Captions { Captions(catalog: catalog) }

    /// What is not there yet stays absent.
    func addSurroundings(of asset: AssetRecord, base: String, to result: inout MediaDetails) async throws {
        let (version, link) = (asset.version, delivery.link(to: asset))
        if version.hasStoryboard { result.storyboardUrl = base + link.storyboard }
        if version.hasPreview { result.previewUrl = base + link.preview }
        let chapters = version.chapterList
        if !chapters.isEmpty {
            result.chaptersUrl = base + link.chapters
            result.chapters = chapters
        }
        let captions = try await captionTracks(of: asset, base: base)
        if !captions.isEmpty { result.captions = captions }
        result.loudness = version.loudness
    }

    private func captionTracks(of asset: AssetRecord, base: String) async throws -> [CaptionTrack] {
        let link = delivery.link(to: asset)
        return try await texts.tracks(of: asset.id, version: asset.version.number).map {
            CaptionTrack($0, url: base + link.captions($0.language))
        }
    }

    @Sendable func captionList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let asset = try await catalog.asset(try Self.assetID(request), for: principal.userID)
        let tracks = try await captionTracks(of: asset, base: try address.base(for: request))
        return try .json(CaptionList(captions: tracks))
    }

    /// The body is the file: WebVTT or SubRip.
    @Sendable func putCaptions(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let language = try LanguageTag(request.parameters["language"] ?? "")
        let asset = try await catalog.asset(try Self.assetID(request), for: principal.userID)
        let file = try await request.body.collect(upTo: Captions.maximumBytes)
        let track = try await texts.set(file, language: language, of: asset.id, for: principal.userID)
        let url = try address.base(for: request) + delivery.link(to: asset).captions(language)
        return try .json(CaptionTrack(track, url: url))
    }

    @Sendable func deleteCaptions(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let language = try LanguageTag(request.parameters["language"] ?? "")
        try await texts.delete(language, of: try Self.assetID(request), for: principal.userID)
        return Response(.noContent)
    }

    @Sendable func makeClip(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let body = try await request.json(as: ClipRequest.self, limit: 16 << 10)
        let clip = try await Clips(catalog: catalog).make(
            of: try Self.assetID(request),
            for: principal.userID,
            start: body.start,
            end: body.end,
            title: body.title
        )
        return try .json(
            ClipCreated(
                id: clip.asset.contractName,
                title: clip.title,
                start: clip.start.inSeconds,
                end: clip.end.inSeconds,
                status: .processing
            ),
            status: .created
        )
    }
}

extension CaptionTrack {
    init(_ track: Captions.Track, url: String) {
        self.init(
            language: track.language.text,
            label: track.language.name,
            source: track.source.rawValue,
            cues: track.cues,
            url: url
        )
    }
}
