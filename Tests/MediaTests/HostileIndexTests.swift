import Foundation
import Testing

@testable import Media

/// Numbers in an index or a fragment that nothing real has: what fuzzing and reading found, and what must stay found.
@Suite("Hostile numbers")
struct HostileIndexTests {
    private typealias W = BoxWriter

    /// The `moov` of one picture track of `count` samples.
    private func movie(count: Int, size: Int, delta: Int = 1, edit: [UInt8] = [], movieScale: Int = 1) -> [UInt8] {
        let times = W.u32(0) + W.u32(0)
        let configuration = W.box("avcC", [1, 66, 0, 30, 0xFF, 0xE0, 0])
        let entry = W.box("avc1", [UInt8](repeating: 0, count: 78) + configuration)
        let table = [
            W.full("stsd", W.u32(1) + entry), W.full("stts", W.u32(1) + W.u32(count) + W.u32(delta)),
            W.full("stsz", W.u32(size) + W.u32(count)), W.full("stsc", W.u32(1) + W.u32(1) + W.u32(count) + W.u32(1)),
            W.full("stco", W.u32(1) + W.u32(8)),
        ]
        let media = W.box(
            "mdia",
            containing: [
                W.full("mdhd", times + W.u32(1_000_000) + W.u32(count)),
                W.full("hdlr", W.u32(0) + Array("vide".utf8)),
                W.box("minf", W.box("stbl", containing: table)),
            ]
        )
        let edits = edit.isEmpty ? [] : W.box("edts", edit)
        return W.box("moov", W.full("mvhd", times + W.u32(movieScale) + W.u32(count)) + W.box("trak", edits + media))
    }

    private func video(timeBase: Rational) -> VideoStream {
        VideoStream(
            index: 0,
            codec: "h264",
            profile: nil,
            pixelFormat: "yuv420p",
            bitDepth: 8,
            width: 64,
            height: 64,
            sampleAspectRatio: Rational(1),
            rotation: 0,
            averageFrameRate: nil,
            nominalFrameRate: nil,
            timeBase: timeBase,
            isInterlaced: false,
            colorRange: nil,
            colorSpace: nil,
            colorPrimaries: nil,
            colorTransfer: nil,
            start: 0
        )
    }

    private func scan(_ bytes: [UInt8], limit: Int = 6_000_000) throws -> CopyScan? {
        let scratch = try Scratch()
        let path = "\(scratch.path)/movie.mp4"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let video = video(timeBase: Rational(1, 1_000_000))
        return try CopyScan.movie(path, video: video, limit: limit)
    }

    @Test("an honest index of the same form is read")
    func honest() throws {
        let found = try scan(W.box("mdat", [0, 0, 0, 1, 0x65]) + movie(count: 1, size: 5))
        #expect(found?.cuts == [0])
    }

    @Test("an edit list whose times are beyond all measure is refused", arguments: [false, true])
    func edits(isEmpty: Bool) throws {
        let ages = W.u64((1 << 47) + 1)
        let rate = W.u32(0x1_0000)
        let edit =
            isEmpty
            ? W.u32(2) + ages + W.u64(-1) + rate + W.u64(1) + W.u64(0) + rate : W.u32(1) + ages + W.u64(0) + rate
        let bytes = movie(count: 1, size: 1, edit: W.full("elst", version: 1, edit))
        #expect(throws: BoxError.self) { try scan(bytes) }
    }

    @Test("samples that together are larger than their file are refused")
    func sizes() throws {
        let bytes = W.box("mdat", [0, 0, 0, 1, 0x65]) + movie(count: 6_000_000, size: 0xFFFF_FFFF, delta: 0)
        #expect(throws: BoxError.self) { try scan(bytes) }
    }

    @Test("a rate beyond all measure is a number still")
    func rate() {
        let peak = Playlist.peakBitRate(of: [(Rational(1, 1_000_000), 1 << 50)], targetDuration: 1)
        #expect(peak == 1_000_000_000_000_000)
    }

    @Test("runs without fields cannot name more samples than a fragment has")
    func runs() {
        let run = W.full("trun", W.u32(65_536))
        let parts = [W.full("tfhd", W.u32(1)), W.full("tfdt", version: 1, W.u64(0))]
        let few = W.box("moof", W.box("traf", containing: parts + [run])) + W.box("mdat", [])
        #expect(throws: Never.self) { try Fragment(moofAndMedia: few) }
        let many = W.box("moof", W.box("traf", containing: parts + Array(repeating: run, count: 17)))
        #expect(throws: BoxError.malformed("trun")) { try Fragment(moofAndMedia: many + W.box("mdat", [])) }
    }

    @Test("a decoding time beyond all measure is refused", arguments: [Int.max, Int.min, 1 << 61])
    func decodingTime(time: Int) {
        let parts = [W.full("tfhd", W.u32(1)), W.full("tfdt", version: 1, W.u64(time))]
        let bytes = W.box("moof", W.box("traf", containing: parts)) + W.box("mdat", [])
        #expect(throws: BoxError.malformed("tfdt")) { try Fragment(moofAndMedia: bytes) }
    }

    @Test("a packet's duration may be any number of 64 bits", arguments: [Int64.min, .max, -1])
    func packetDuration(duration: Int64) {
        var builder = PacketScan.Builder()
        builder.add(line: Array("0,0,\(duration),K__".utf8))
        #expect(builder.finish(timeBase: Rational(1, 1000))?.times == [0])
    }

    /// Milliseconds that are a number still, but no microseconds any more.
    @Test("a video that begins hundreds of thousands of years away is refused", arguments: [1, -1] as [Int64])
    func farAway(sign: Int64) async throws {
        let tools = await Corpus.tools.value
        let times = (0..<500).map { sign * (1 << 55) + $0 * 40 }
        var builder = PacketScan.Builder()
        for time in times { builder.add(line: Array("\(time),\(time),40,K__".utf8)) }
        let found = builder.finish(timeBase: Rational(1, 1000))
        let scan = try #require(found)
        let video = video(timeBase: Rational(1, 1000))
        let info = MediaInfo(
            kind: .video,
            container: "matroska,webm",
            duration: 20_000_000,
            bitRate: 0,
            bytes: 1 << 20,
            video: video,
            audio: nil,
            streams: [],
            tags: [:]
        )
        let error = #expect(throws: MediaError.self) {
            try TimelineBuilder(tools: tools).grid(over: scan, video: video, ceiling: Rational(30), info: info)
        }
        #expect(error?.reason == .damaged)
        let copy = CopyScan(
            timeBase: Rational(1, 1000),
            pictures: times.map { CopyScan.Picture(time: Int($0), bytes: 100) },
            keys: Array(times.indices),
            step: 40,
            hidesPictures: false,
            isIDR: { _ in true }
        )
        #expect(CopyPlanner(tools: tools).plan(try #require(copy)).copied == nil)
    }

    @Test("pictures that lie hours apart in some bytes are no video")
    func sparse() async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let path = "\(scratch.path)/clip.mkv"
        try await Clips.moving(
            path,
            ["-c:v", "libx264", "-preset", "ultrafast", "-vf", "setpts=N*1200/TB"],
            seconds: 1
        )
        let info = try await Prober(tools: tools).probe(path)
        let error = await #expect(throws: MediaError.self) {
            _ = try await TimelineBuilder(tools: tools).build(path, info: info, ceiling: Rational(30))
        }
        #expect(error?.reason == .tooLong && error?.message.contains("claims to last") == true)
    }
}
