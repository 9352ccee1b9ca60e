/// Why a medium cannot be processed, in a sentence its owner understands.
package struct MediaError: Error, Sendable {
    /// The stable word for the cause: stored with a failed job.
    package enum Reason: String, Sendable, Codable, CaseIterable {
        /// No demuxer that we allow recognises the bytes.
        case notMedia = "not_media"
        /// A still picture: another part of the house takes it.
        case picture
        /// A playlist, script or document that could name other files.
        case playlist
        case text
        case noStreams = "no_streams"
        case tooManyStreams = "too_many_streams"
        case tooManyPixels = "too_many_pixels"
        case tooLong = "too_long"
        /// The container was read, but nothing in it could be decoded.
        case damaged
        case unsupportedCodec = "unsupported_codec"
        /// ffmpeg, ffprobe or another program is not installed.
        case toolMissing = "tool_missing"
        /// A program ended badly for a cause that is not known.
        case toolFailed = "tool_failed"
        /// Time, memory, output or disk ran out.
        case limitExceeded = "limit_exceeded"
        /// What was produced is not what was planned.
        case verification
        /// A file of ours could not be read or written.
        case file
        /// A profile of the ladder is wrong.
        case profile
    }

    package let reason: Reason
    /// For the owner of the medium.
    package let message: String
    /// For the log, never for the public: the end of what a program said.
    package let detail: String

    package init(_ reason: Reason, _ message: String, detail: String = "") {
        self.reason = reason
        self.message = message
        self.detail = detail
    }

    /// Whether the same input can only fail again; otherwise a retry may help.
    package var isPermanent: Bool {
        switch reason {
        case .toolMissing, .toolFailed, .limitExceeded, .verification, .file, .profile: false
        default: true
        }
    }
}

extension MediaError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "\(reason.rawValue): \(message)" }
    package var debugDescription: String { detail.isEmpty ? description : "\(description) [\(detail)]" }
}
