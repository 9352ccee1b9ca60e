/// A parser of ours that reads what strangers send.
///
/// Whatever the bytes, it must return: a trap, more than five seconds or a gigabyte is a finding.
enum Target: String, CaseIterable {
    /// The index of an MP4 or MOV file, and what is copied by it.
    case movie
    /// Initialization and fragments, as ffmpeg writes them from a stranger's file.
    case fragments
    /// ffprobe's reports, and the list of packets.
    case packets
    case multipart
    /// Request targets, headers, ranges, dates.
    case head
    /// `Upload-Metadata`, `Upload-Concat`, `Upload-Checksum`.
    case tus
    /// Signed links, bearer tokens, identifiers.
    case tokens
    /// JSON bodies and profiles.
    case json
    /// Pictures, as they are cleaned of what their maker wrote beside the pixels.
    case images
    /// WebVTT and SubRip.
    case captions
    /// Tags, chapters and loudness, as ffmpeg's programs report them.
    case metadata
    /// Playlists in disguise, and what strangers' files put into ours.
    case playlists
    /// Structured fields, image variants, language tags.
    case fields

    /// Set once, before libFuzzer's only thread begins.
    nonisolated(unsafe) static var chosen = Target.movie

    func run(_ bytes: [UInt8]) {
        switch self {
        case .movie: MovieTarget.run(bytes)
        case .fragments: FragmentsTarget.run(bytes)
        case .packets: PacketsTarget.run(bytes)
        case .multipart: MultipartTarget.run(bytes)
        case .head: HeadTarget.run(bytes)
        case .tus: TusTarget.run(bytes)
        case .tokens: TokensTarget.run(bytes)
        case .json: JSONTarget.run(bytes)
        case .images: ImagesTarget.run(bytes)
        case .captions: CaptionsTarget.run(bytes)
        case .metadata: MetadataTarget.run(bytes)
        case .playlists: PlaylistsTarget.run(bytes)
        case .fields: FieldsTarget.run(bytes)
        }
    }
}

/// A promise that an input broke: it ends the run, and libFuzzer keeps the input.
func check(_ holds: Bool, _ promise: String) {
    if !holds { fatalError(promise) }
}
