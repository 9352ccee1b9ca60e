import Foundation
import Testing

@testable import Media

/// Plays what was made, with ffmpeg: no code of ours measures itself here.
enum Playback {
    static func ffmpeg(_ arguments: [String]) async throws -> ChildProcess.Result {
        let tool = try #require(await Corpus.tools.value.ffmpeg)
        return try await ChildProcess.run(
            tool,
            ["-nostdin"] + arguments,
            deadline: .seconds(600),
            outputLimit: 64 << 20
        )
    }

    /// One file of an init and segments.
    static func join(_ folder: String, _ segments: some Sequence<Int>) throws -> String {
        var data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/init.mp4"))
        for index in segments { data += try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(index).m4s")) }
        let path = "\(folder)/joined-\(UUID().uuidString).mp4"
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Presentation times, in seconds, and mean brightness of the pictures that a decoder shows.
    ///
    /// `atMost`: how many of them.
    static func pictures(
        _ input: String,
        options: [String] = [],
        atMost count: Int? = nil
    ) async throws -> [(time: Double, luma: Int)] {
        let filter =
            "scale=16:16:flags=fast_bilinear,format=gray,signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-:direct=1"
        let result = try await ffmpeg(
            ["-v", "error", "-copyts"] + options + [
                "-i", input, "-map", "0:v:0", "-vf", filter, "-fps_mode", "passthrough",
            ] + (count.map { ["-frames:v", String($0)] } ?? []) + ["-f", "null", "/dev/null"]
        )
        var list: [(Double, Int)] = []
        var time = 0.0
        for line in String(decoding: result.standardOutput, as: UTF8.self).split(separator: "\n") {
            if let range = line.range(of: "pts_time:") {
                time = Double(line[range.upperBound...].trimmingCharacters(in: .whitespaces)) ?? .nan
            } else if let range = line.range(of: "YAVG=") {
                list.append((time, Int(Double(line[range.upperBound...]) ?? 0)))
            }
        }
        return list
    }

    /// 8 kHz mono samples; the first is at `start` seconds.
    static func sound(
        _ input: String,
        options: [String] = [],
        filter: String = "anull"
    ) async throws -> (start: Double, samples: [Int16]) {
        let result = try await ffmpeg(
            ["-v", "error", "-copyts"] + options + [
                "-i", input, "-map", "0:a:0", "-af", "\(filter),aresample=8000", "-ac", "1", "-f", "s16le", "-",
            ]
        )
        let samples = result.standardOutput.withUnsafeBytes { raw in
            (0..<raw.count / 2).map { raw.loadUnaligned(fromByteOffset: $0 * 2, as: Int16.self) }
        }
        let first = try await ffmpeg(
            ["-v", "info", "-copyts"] + options + [
                "-i", input, "-map", "0:a:0", "-frames:a", "1", "-af", "ashowinfo", "-f", "null", "/dev/null",
            ]
        )
        let start = first.errorTail.range(of: "pts_time:").flatMap { range in
            Double(first.errorTail[range.upperBound...].prefix { $0.isNumber || $0 == "." || $0 == "-" })
        }
        return (start ?? .nan, samples)
    }

    /// Times at which the picture turns bright.
    static func flashes(_ pictures: [(time: Double, luma: Int)]) -> [Double] {
        var isOn = false
        return pictures.compactMap { picture in
            defer { isOn = picture.luma > 128 }
            return picture.luma > 128 && !isOn ? picture.time : nil
        }
    }

    /// Times at which a beep begins.
    static func beeps(_ sound: (start: Double, samples: [Int16])) -> [Double] {
        var last = -100_000
        var times: [Double] = []
        for (index, sample) in sound.samples.enumerated() where abs(Int(sample)) > 6000 {
            if index - last > 4000 { times.append(sound.start + Double(index) / 8000) }
            last = index
        }
        return times
    }

    /// How late, in seconds, `made` sounds against `original` in a window; nil where there is too little to compare.
    static func lag(_ made: [Int16], _ original: [Int16], from: Int, length: Int) -> Double? {
        let reach = 800
        let (low, high) = (max(from, reach), min(from + length, original.count - reach, made.count - reach))
        guard high - low > 1600 else { return nil }
        let base = product(original, original, at: low, low, through: high - low)
        guard base / Double((high - low) / 2) > 10_000 else { return nil }
        var best = (shift: 0, score: 0.0)
        for shift in stride(from: -reach, through: reach, by: 4) {
            let energy = product(made, made, at: low + shift, low + shift, through: high - low)
            let both = product(original, made, at: low, low + shift, through: high - low)
            let score = both / (base * max(1, energy)).squareRoot()
            if score > best.score { best = (shift, score) }
        }
        return best.score > 0.5 ? Double(best.shift) / 8000 : nil
    }

    /// The sum of the products of every second sample of two sounds, each from its own place on.
    ///
    /// A plain loop over memory: arrays and closures take a debug build a hundred times as long.
    private static func product(
        _ one: [Int16],
        _ other: [Int16],
        at first: Int,
        _ second: Int,
        through length: Int
    ) -> Double {
        one.withUnsafeBufferPointer { one in
            other.withUnsafeBufferPointer { other in
                var (sum, index) = (0, 0)
                while index < length {
                    sum &+= Int(one[first &+ index]) &* Int(other[second &+ index])
                    index &+= 2
                }
                return Double(sum)
            }
        }
    }
}
