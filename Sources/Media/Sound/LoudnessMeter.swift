internal import Core
internal import Foundation

/// How loud a sound is, by EBU R128.
package struct Loudness: Codable, Sendable, Hashable {
    /// Integrated, in LUFS.
    package let integrated: Double
    /// The loudness range, in LU.
    package let range: Double
    /// The highest true peak, in dBTP; nil for silence.
    package let truePeak: Double?
}

/// Measures the loudness of an original's sound.
package struct LoudnessMeter: Sendable {
    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Decodes the whole sound once.
    ///
    /// - Throws: `MediaError.damaged` when it cannot be decoded.
    package func measure(_ path: String, info: MediaInfo) async throws -> Loudness {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        let result = try await tools.run(
            .ffmpeg,
            input: path,
            media: .microseconds(info.duration),
            arguments: { paths in
                ["-nostdin", "-hide_banner", "-nostats", "-v", "info"] + MediaTools.inputGuards
                    + ["-i", paths.input, "-map", "0:\(audio.index)", "-vn", "-sn", "-dn"]
                    + ["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "/dev/null"]
            }
        )
        // A filter that could not begin has a summary, too: of nothing.
        guard result.succeeded, !result.errorTail.contains("Conversion failed"),
            let loudness = Self.summary(in: result.errorTail)
        else {
            throw MediaError(.damaged, "The loudness of this sound cannot be measured.", detail: result.errorTail)
        }
        return loudness
    }

    /// Reads what ebur128 says at its end.
    static func summary(in text: String) -> Loudness? {
        guard let start = text.range(of: "Summary:", options: .backwards)?.upperBound else { return nil }
        func value(_ name: String) -> Double? {
            for line in text[start...].split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count >= 2, words[0] == name { return Double(words[1]).flatMap { $0.isFinite ? $0 : nil } }
            }
            return nil
        }
        guard let integrated = value("I:"), let range = value("LRA:") else { return nil }
        return Loudness(integrated: integrated, range: range, truePeak: value("Peak:"))
    }
}
