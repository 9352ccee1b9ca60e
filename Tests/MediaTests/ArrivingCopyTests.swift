import Foundation
import Testing

@testable import Media

/// What can be played of a file before its end is there must be what plays of the whole.
@Suite("A file that is still being received", .serialized)
struct ArrivingCopyTests {
    /// Two megabytes, so that there is more than what a probe reads.
    private func clip(_ path: String, _ options: [String]) async throws -> [UInt8] {
        try await Clips.flashAndBeep(
            path,
            seconds: 12,
            video: ["-vf", "noise=alls=24:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-g", "40"]
                + ["-b:v", "1600k", "-pix_fmt", "yuv420p"] + options
        )
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The first bytes of a file; `hole`: with nothing behind them up to its size, as parts in any order leave it.
    private func arriving(_ bytes: [UInt8], _ count: Int, hole: Bool, at path: String) throws -> ArrivingFile {
        var content = Array(bytes.prefix(count))
        if hole { content += [UInt8](repeating: 0, count: bytes.count - count) }
        try Data(content).write(to: URL(fileURLWithPath: path))
        return ArrivingFile(path: path, arrived: Int64(count), size: Int64(bytes.count))
    }

    private func plan(_ file: ArrivingFile) async throws -> CopyPlanner.ArrivingAnswer {
        let planner = CopyPlanner(tools: await Corpus.tools.value, segmentSeconds: 2)
        return try await planner.plan(arriving: file, profiles: CopyTests.profiles)
    }

    /// Asks as often as it is told to, as the service does.
    private func whenPlanned(_ bytes: [UInt8], hole: Bool, at path: String) async throws -> ArrivingCopy {
        var count = 1
        for _ in 0..<12 {
            switch try await plan(try arriving(bytes, count, hole: hole, at: path)) {
            case .copy(let copy): return copy
            case .later(let more):
                try #require(more > count && more < bytes.count, "\(more) of \(bytes.count) after \(count)")
                count = more
            case .never: throw MediaError(.verification, "never, at \(count)")
            }
        }
        throw MediaError(.verification, "asked twelve times")
    }

    private func data(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// But for the fragments' numbers.
    private func numbered(_ bytes: [UInt8]) throws -> [UInt8] {
        var bytes = bytes
        for box in try Boxes(bytes).list where box.type == "moof" {
            let header = try #require(try Boxes(bytes).children(of: box).first("mfhd"))
            bytes.replaceSubrange(header.payload.lowerBound + 4..<header.payload.upperBound, with: [0, 0, 0, 0])
        }
        return bytes
    }

    @Test(
        "every segment comes out of the bytes it is said to need, as it comes out of the whole",
        arguments: [false, true]
    )
    func segments(hole: Bool) async throws {
        let scratch = try Scratch()
        let (source, part, made) = ("\(scratch.path)/clip.mp4", "\(scratch.path)/part.mp4", "\(scratch.path)/made")
        let bytes = try await clip(source, ["-bf", "2", "-movflags", "+faststart"])
        let whole = try await CopyTests.Copied(source, into: "\(scratch.path)/v")
        let copy = try await whenPlanned(bytes, hole: hole, at: part)
        #expect(copy.video == whole.video)
        #expect(copy.audio == whole.sound && whole.sound != nil)
        #expect(copy.needs.count == copy.video.timeline.segmentCount && copy.needs == copy.needs.sorted())
        #expect(copy.needs[0] < bytes.count / 2)
        try FileManager.default.createDirectory(atPath: made, withIntermediateDirectories: true)
        let (copier, timeline) = (StreamCopier(tools: await Corpus.tools.value), copy.video.timeline)
        for (index, count) in copy.needs.enumerated() {
            _ = try arriving(bytes, count, hole: hole, at: part)
            let picture = try await copier.pictureInit(source: part, info: copy.info, timeline: timeline)
            let sound = try await copier.soundInit(source: part, info: copy.info, timeline: timeline)
            #expect(picture.bytes == (try data("\(whole.folder)/copy/init.mp4")))
            #expect(sound.bytes == (try data("\(whole.folder)/audio/init.mp4")))
            _ = try await copier.videoSegment(
                index,
                source: part,
                info: copy.info,
                timeline: timeline,
                initialization: picture.bytes,
                into: made
            )
            let (got, wanted) = (try data("\(made)/\(index).m4s"), try data("\(whole.folder)/copy/\(index).m4s"))
            #expect(try numbered(got) == numbered(wanted), "picture \(index)")
            _ = try await copier.audioSegment(
                index,
                source: part,
                info: copy.info,
                timeline: timeline,
                copied: try #require(copy.audio),
                into: made
            )
            #expect(try data("\(made)/\(index).m4s") == data("\(whole.folder)/audio/\(index).m4s"), "sound \(index)")
        }
    }

    @Test("an index at the end, in pieces, or of what must be encoded waits for the end")
    func others() async throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/part.mp4"
        let fragmented = ["-movflags", "+frag_keyframe+empty_moov"]
        let kinds = [[], fragmented, ["-movflags", "+faststart", "-pix_fmt", "yuv444p"]]
        for (number, options) in kinds.enumerated() {
            let bytes = try await clip("\(scratch.path)/\(number).mp4", options)
            var answer = try await plan(try arriving(bytes, bytes.count - 1, hole: false, at: path))
            // With the index at the end, a look is due when all is there: it is no upload any more then.
            if case .later(let count) = answer, count >= bytes.count { answer = .never }
            guard case .never = answer else {
                Issue.record("\(options): \(answer)")
                continue
            }
        }
    }

    @Test("an index that lies about places is refused, and one that never ends is not waited for")
    func hostile() async throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/part.mp4"
        var bytes = try await clip("\(scratch.path)/clip.mp4", ["-movflags", "+faststart"])
        let places = try #require(bytes.firstRange(of: Array("stco".utf8)))
        // Version, flags and count stand before the first place.
        bytes.replaceSubrange(places.upperBound + 8..<places.upperBound + 12, with: [0xFF, 0xFF, 0xFF, 0xFF])
        let answer = try await plan(try arriving(bytes, bytes.count - 1, hole: false, at: path))
        guard case .never = answer else { throw MediaError(.verification, "a place outside: \(answer)") }
        // 1 GB of index.
        let endless = [0x40, 0, 0, 0] + Array("moov".utf8) + [UInt8](repeating: 0, count: 2 << 20)
        try Data(endless).write(to: URL(fileURLWithPath: path))
        let file = ArrivingFile(path: path, arrived: Int64(endless.count), size: 2 << 30)
        guard case .never = try await plan(file) else { throw MediaError(.verification, "an endless index") }
    }
}
