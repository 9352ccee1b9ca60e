import Foundation

@testable import Media

/// The folder of real files, and what every media test shares.
enum Corpus {
    static let folder: String? = {
        guard let path = ProcessInfo.processInfo.environment["TELECINE_CORPUS"], !path.isEmpty else {
            print("TELECINE_CORPUS is not set: tests over real files are skipped.")
            return nil
        }
        return path
    }()

    static var isMissing: Bool { folder == nil }

    static func path(_ name: String) -> String { "\(folder ?? "")/\(name)" }

    /// Located once for the whole run.
    static let tools = Task { await MediaTools.locate() }

    /// Contract 1's ladder, fast to encode.
    static let profiles = [
        profile("1080p", 1920, 1080, 5_000_000, 192_000, 30), profile("720p", 1280, 720, 2_500_000, 128_000, 30),
        profile("480p", 854, 480, 1_000_000, 128_000, 25), profile("360p", 640, 360, 600_000, 96_000, 25),
    ]

    /// The lowest rung alone.
    static var lowest: [Profile] { [profiles[3]] }

    /// As the service encodes by default: with B-frames, which the boxes must place.
    static var medium: [Profile] { [profile("360p", 640, 360, 600_000, 96_000, 25, preset: "medium")] }

    private static func profile(
        _ name: String,
        _ width: Int,
        _ height: Int,
        _ video: Int,
        _ audio: Int,
        _ rate: Int,
        preset: String = "ultrafast"
    ) -> Profile {
        Profile(
            name: name,
            width: width,
            height: height,
            videoBitrate: video,
            audioBitrate: audio,
            preset: preset,
            frameRate: Rational(rate)
        )
    }
}

/// A folder that goes with the test.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "media-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
