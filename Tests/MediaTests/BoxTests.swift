import Foundation
import Testing

@testable import Media

@Suite("Boxes")
struct BoxTests {
    /// A real init and a fragment of ours.
    private func clip() async throws -> [UInt8] {
        let scratch = try Scratch()
        let path = "\(scratch.path)/clip.mp4"
        try await Clips.moving(
            path,
            ["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+frag_keyframe+empty_moov"],
            seconds: 1
        )
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func read(_ bytes: some Sequence<UInt8>) throws -> (inits: Int, samples: Int) {
        var stream = FragmentStream()
        var result = (inits: 0, samples: 0)
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                _ = try InitSegment(bytes)
                result.inits += 1
            case .fragment(let fragment): result.samples += fragment.samples.count
            }
        }
        return result
    }

    @Test("cut at every byte, or with any byte of the head changed, they throw or wait but never trap")
    func hostile() async throws {
        let bytes = try await clip()
        #expect(try read(bytes) == (1, 25))
        for end in 0..<min(bytes.count, 3000) {
            _ = try? read(bytes.prefix(end))
            _ = try? Boxes(Array(bytes.prefix(end)))
            _ = try? InitSegment(Array(bytes.prefix(end)))
        }
        for index in 0..<min(bytes.count, 2000) {
            for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
                var changed = Array(bytes.prefix(4000))
                changed[index] = value
                _ = try? read(changed)
                _ = try? InitSegment(changed)
                _ = try? Fragment(moofAndMedia: Array(changed.dropFirst(index)))
            }
        }
    }

    @Test("a stream gives the same however it is cut")
    func streaming() async throws {
        let bytes = try await clip()
        var stream = FragmentStream()
        var fragments = 0
        for start in stride(from: 0, to: bytes.count, by: 777) {
            for case .fragment in try stream.push(bytes[start..<min(start + 777, bytes.count)]) { fragments += 1 }
        }
        #expect(fragments == 1)
        #expect(stream.isAtBoundary)
    }

    @Test("a fragment of sound reads back as it was written")
    func audioFragment() throws {
        let bytes = BoxWriter.audioFragment(
            sequence: 3,
            baseTime: 1 << 33,
            packetDuration: 1024,
            packets: [[1, 2, 3], [4], [5, 6]]
        )
        let fragment = try Fragment(moofAndMedia: bytes)
        #expect(fragment.baseTime == 1 << 33)
        #expect(fragment.samples.map(\.size) == [3, 1, 2])
        #expect(fragment.duration == 3 * 1024)
        #expect(Array(fragment.bytes[fragment.mediaOffset...]) == [1, 2, 3, 4, 5, 6])
    }
}
