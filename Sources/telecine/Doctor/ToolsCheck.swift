internal import Foundation
internal import Media

/// The programs that the service starts: whether they are there, and can do what is asked of them.
struct ToolsCheck: Sendable {
    /// Folders of `PATH`, as a shell writes them.
    let searchPath: String
    /// What the ladder's pictures are encoded as.
    var codecs: [VideoCodec] = [.h264]

    private static let install = [
        "ffmpeg": "apt-get install ffmpeg, or brew install ffmpeg",
        "ffprobe": "apt-get install ffmpeg, or brew install ffmpeg",
        "bwrap": "apt-get install bubblewrap",
        "libvips": "apt-get install libvips42, or brew install vips",
    ]
    /// What a ladder is made with beside its codecs: encoders, and the filters of every chain.
    private static let encoders = ["aac", "mjpeg"]
    private static let filters = ["scale", "fps", "zscale", "tonemap", "bwdif"]

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        if let ffmpeg = find("ffmpeg") {
            findings.append(await abilities(of: ffmpeg))
        } else {
            findings.append(missing("ffmpeg"))
        }
        findings.append(find("ffprobe").map { Finding("ffprobe", .good, $0) } ?? missing("ffprobe"))
        findings.append(ImageLibrary.version.map { Finding("libvips", .good, $0) } ?? missing("libvips"))
        #if os(Linux)
            if let bwrap = find("bwrap") {
                findings.append(await sandbox(bwrap))
            } else {
                findings.append(missing("bwrap"))
            }
        #endif
        return findings
    }

    /// Where a program is; nil when it is in no folder of the path.
    func find(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func missing(_ name: String) -> Finding {
        Finding(name, .wrong, "is not installed", remedy: Self.install[name])
    }

    private func abilities(of ffmpeg: String) async -> Finding {
        let encoders = await Probe.run(ffmpeg, ["-hide_banner", "-encoders"])
        let filters = await Probe.run(ffmpeg, ["-hide_banner", "-filters"])
        guard encoders.status == 0, filters.status == 0 else {
            return Finding("ffmpeg", .wrong, "\(ffmpeg) does not run", remedy: Self.install["ffmpeg"])
        }
        let words = Set((encoders.output + filters.output).split { $0 == " " || $0 == "\n" }.map(String.init))
        let wanted = codecs.map(\.encoder) + Self.encoders + Self.filters
        let absent = wanted.filter { !words.contains($0) }
        let other = codecs.filter { $0 != .h264 }.map(\.encoder)
        guard absent.isEmpty else {
            return Finding(
                "ffmpeg",
                .wrong,
                "\(ffmpeg) was built without \(absent.joined(separator: ", "))",
                remedy: "install the distribution's full build"
                    + (absent.contains { other.contains($0) } ? ", or take away the profiles that need it" : "")
            )
        }
        return Finding("ffmpeg", .good, ffmpeg)
    }

    /// A container may forbid what bubblewrap needs: then decoders run without the sandbox, and that is told.
    private func sandbox(_ bwrap: String) async -> Finding {
        let trial = await Probe.run(
            bwrap,
            ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--unshare-all", "--die-with-parent", "true"]
        )
        guard trial.status == 0 else {
            return Finding(
                "bwrap",
                .wrong,
                "the sandbox cannot be used: \(trial.output.prefix(200))",
                remedy:
                    "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, or run the container with them"
            )
        }
        return Finding("bwrap", .good, bwrap)
    }
}

/// Runs a program and reads what it says, for at most a minute.
enum Probe {
    static func run(_ path: String, _ arguments: [String]) async -> (status: Int32, output: String) {
        do {
            // A machine that is only slow must not be taken for one whose tools hang.
            let result = try await ChildProcess.run(path, arguments, deadline: .seconds(60))
            let text = String(decoding: result.standardOutput, as: UTF8.self) + result.errorTail
            let output = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard case .exited(let status) = result.status else { return (-1, output) }
            return (status, output)
        } catch ChildProcess.Failure.notStarted(_, let code) {
            return (-1, "\(path) does not start: \(String(cString: strerror(code)))")
        } catch ChildProcess.Failure.deadlinePassed {
            return (-1, "\(path) did not end within a minute")
        } catch {
            return (-1, "\(error)")
        }
    }
}
