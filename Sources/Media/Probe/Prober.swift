internal import Core
internal import Foundation

/// Finds out what a file is, without believing it.
package struct Prober: Sendable {
    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Reads the file's account of itself in the sandbox and checks it against the limits.
    ///
    /// - Throws: `MediaError` with a sentence for the owner: playlists, drawings, text, pictures, too many streams or
    ///   pixels, durations that the packets contradict.
    package func probe(_ path: String) async throws -> MediaInfo {
        let head = try await BlockingWork.run("probe") { try FileSignature.head(of: path) }
        if let refusal = FileSignature.refusal(of: head) { throw refusal }
        let result = try await tools.run(.ffprobe, input: path, media: .zero) { paths in
            ["-v", "error"] + MediaTools.inputGuards
                + ["-show_entries", ProbeReport.entries, "-of", "json", paths.input]
        }
        guard result.succeeded, let report = Self.decode(result.standardOutput) else {
            throw MediaError(
                .notMedia,
                "This is not a video or sound file that we can read, or it is damaged.",
                detail: result.errorTail
            )
        }
        return try await info(from: report, path: path)
    }

    private static func decode(_ bytes: [UInt8]) -> ProbeReport? {
        // ffprobe writes raw bytes of tags: what is not UTF-8 must not make the file unreadable.
        try? JSONDecoder().decode(ProbeReport.self, from: Data(String(decoding: bytes, as: UTF8.self).utf8))
    }

    private func info(from report: ProbeReport, path: String) async throws -> MediaInfo {
        guard report.streams.count <= tools.limits.streams else {
            throw MediaError(
                .tooManyStreams,
                "This file has \(report.streams.count) streams; at most \(tools.limits.streams) are allowed."
            )
        }
        let pictures = report.streams.filter { $0.codecType == "video" && !$0.has("attached_pic") }
        let video = pictures.compactMap(\.video).max {
            area($0) < area($1) || (area($0) == area($1) && $0.index > $1.index)
        }
        if let video { try checkSize(video) }
        let sounds = report.streams.filter { $0.codecType == "audio" }
        let audio = (sounds.first { $0.has("default") && $0.audio != nil } ?? sounds.first { $0.audio != nil })?.audio
        guard video != nil || audio != nil else {
            throw MediaError(.noStreams, "There is neither picture nor sound in this file that we can read.")
        }
        let (duration, isMeasured) = try await duration(of: report, path: path, video: video, audio: audio)
        let bytes = report.format.size.flatMap { Int64($0) } ?? 0
        let seconds = Double(duration) / 1_000_000
        return MediaInfo(
            kind: video == nil ? .audio : .video,
            container: report.format.formatName,
            duration: duration,
            bitRate: seconds > 0 ? Int(min(Double(bytes) * 8 / seconds, 1e12)) : 0,
            bytes: bytes,
            video: video,
            audio: audio,
            streams: report.streams.map(summary),
            tags: MediaTags.gather(
                report.format.tags,
                // A video's sound is named after its language.
                video == nil ? report.streams.first { $0.index == audio?.index }?.tags : nil
            ),
            coverIndex: cover(in: report),
            isPictureLength: isMeasured ? true : nil
        )
    }

    private func summary(_ stream: ProbeReport.Stream) -> MediaInfo.StreamSummary {
        MediaInfo.StreamSummary(
            index: stream.index,
            type: stream.codecType ?? "unknown",
            codec: stream.codecName ?? "unknown",
            language: stream.tags?["language"].map { String($0.prefix(16)) }
        )
    }

    private func cover(in report: ProbeReport) -> Int? {
        report.streams.first { stream in
            guard stream.has("attached_pic"), let width = stream.width, let height = stream.height else { return false }
            let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
            return width > 0 && height > 0 && !overflow && pixels <= tools.limits.pixels
        }?.index
    }

    private func area(_ stream: VideoStream) -> Int { stream.width * stream.height }

    private func checkSize(_ video: VideoStream) throws {
        let (pixels, overflow) = video.width.multipliedReportingOverflow(by: video.height)
        guard !overflow, pixels <= tools.limits.pixels, video.displayWidth <= 32_768, video.displayHeight <= 32_768
        else {
            throw MediaError(
                .tooManyPixels,
                "The picture is \(video.width) × \(video.height) pixels; that is more than we can process."
            )
        }
    }

    /// The container's duration where it is plausible, else the packets', which are those of the picture alone.
    private func duration(
        of report: ProbeReport,
        path: String,
        video: VideoStream?,
        audio: AudioStream?
    ) async throws -> (microseconds: Int64, isMeasured: Bool) {
        let stated = report.format.duration.flatMap(ProbeReport.microseconds) ?? 0
        let bytes = report.format.size.flatMap { Int64($0) } ?? 0
        let limit = tools.limits.duration.microseconds
        // Less than 500 bits a second is not a medium's duration: a fragmented MP4 can claim 143165 s for one.
        let isPlausible = stated > 0 && stated <= limit && Double(bytes) * 8 / (Double(stated) / 1_000_000) >= 500
        guard !isPlausible else { return (stated, false) }
        let scan = try await PacketScanner(tools: tools).scan(
            path,
            stream: video?.index ?? audio?.index ?? 0,
            timeBase: video?.timeBase ?? audio?.timeBase ?? Rational(1)
        )
        let measured = scan.span.duration.microseconds
        guard measured <= limit else {
            throw MediaError(
                .tooLong,
                "This medium is longer than the \(tools.limits.duration.components.seconds / 3600) hours allowed."
            )
        }
        return (measured, true)
    }
}
