import Foundation
import Testing

@testable import Media

@Suite struct SmokeTests {
    @Test("smoke") func smoke() async throws {
        let tools = await Corpus.tools.value
        print(tools.sandbox, tools.missing)
        for name in try FileManager.default.contentsOfDirectory(atPath: Corpus.folder!).sorted()
        where name.hasPrefix("v-") || name.hasPrefix("a-") {
            let scratch = try Scratch()
            let clock = ContinuousClock.now
            do {
                let path = Corpus.path(name)
                let info = try await Prober(tools: tools).probe(path)
                let rungs = Ladder.rungs(for: info, profiles: Corpus.profiles)
                let low = Array(rungs.suffix(1))
                let timeline = try await TimelineBuilder(tools: tools, segmentSeconds: 2).build(
                    path,
                    info: info,
                    ceiling: Ladder.frameRateCeiling(of: rungs)
                )
                print(
                    name,
                    info.duration,
                    rungs.map { "\($0.name) \($0.width)x\($0.height)" },
                    timeline.rate.text,
                    timeline.frameCount,
                    timeline.segmentCount,
                    timeline.sourceFrames.reduce(0, +),
                    timeline.seekPoints.prefix(4)
                )
                if info.video != nil {
                    let e = try await ChunkEncoder(tools: tools).encode(
                        source: path,
                        info: info,
                        timeline: timeline,
                        rungs: low,
                        segments: 0..<timeline.segmentCount,
                        into: scratch.path
                    )
                    print("   ", e[0].codecs, e[0].frames, e[0].decodedFrames, e[0].peakBitRate, e[0].warnings)
                    let i0 = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(low[0].name)/init.mp4"))
                    if timeline.segmentCount > 1 {
                        let e = try await ChunkEncoder(tools: tools).encode(
                            source: path,
                            info: info,
                            timeline: timeline,
                            rungs: low,
                            segments: timeline.segmentCount - 1..<timeline.segmentCount,
                            into: scratch.path
                        )
                        let i1 = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(low[0].name)/init.mp4"))
                        print("    last", e[0].frames, e[0].decodedFrames, e[0].warnings, i0 == i1)
                    }
                    let p = try await PosterMaker(tools: tools).poster(of: path, info: info)
                    try Data(p).write(to: URL(fileURLWithPath: "/tmp/posters/\(name).jpg"))
                }
                if info.audio != nil {
                    let a = try await AudioEncoder(tools: tools).encode(
                        source: path,
                        info: info,
                        timeline: timeline,
                        bitRate: 96000,
                        into: scratch.path + "/audio"
                    )
                    print("    audio", a.codecs, a.channels, a.segments.count, a.peakBitRate)
                }
            } catch { print("!!! ", name, String(reflecting: error).prefix(400)) }
            print("    ", ContinuousClock.now - clock)
        }
    }
}
