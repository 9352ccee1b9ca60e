import Foundation
import Testing

@testable import Media

@Suite("Sound before the picture", .serialized)
struct EarlySoundTests {
    @Test(
        "sound that begins before the picture is heard from its beginning, and the first picture stands",
        arguments: ["early.ts", "early.mkv", "early.mp4", "early.webm"]
    )
    func soundLead(_ name: String) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/\(name)"
        let isWebM = name.hasSuffix("webm")
        try await Clips.flashAndBeep(
            source,
            seconds: 11,
            audio: ["-c:a", isWebM ? "libopus" : "aac"],
            video: isWebM
                ? ["-c:v", "libvpx", "-deadline", "realtime", "-auto-alt-ref", "1", "-lag-in-frames", "10"]
                : ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
            pictureFrom: 4
        )
        let tools = await Corpus.tools.value
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.medium)
        #expect(abs(version.timeline.duration.value - 11) < 0.1, "\(version.timeline.duration.value)")
        let master = try version.writePlaylists()
        let pictures = try await Playback.pictures(master)
        #expect(pictures.count == version.timeline.frameCount)
        #expect(abs(try #require(pictures.first).time) < 0.001)
        let flashes = Playback.flashes(pictures)
        let beeps = Playback.beeps(try await Playback.sound(master))
        #expect(flashes.count == 3 && beeps.count == 5, "\(flashes) \(beeps)")
        for (flash, beep) in zip(flashes, beeps.suffix(3)) { #expect(abs(flash - beep) <= 0.04) }
        let preview = try await PreviewMaker(tools: tools)
            .make(of: source, info: version.info, timeline: version.timeline, into: scratch.path)
        #expect(preview.width == 320)
        let poster = try await PosterMaker(tools: tools)
            .poster(of: source, info: version.info, timeline: version.timeline)
        #expect(!poster.isEmpty)
        guard !isWebM else { return }
        let plan = try await CopyPlanner(tools: tools).video(source, info: version.info, profiles: CopyTests.profiles)
        #expect(plan.copied == nil)
        #expect(plan.reasons == ["The sound begins 4 seconds before the picture."], "\(plan.reasons)")
    }
}
