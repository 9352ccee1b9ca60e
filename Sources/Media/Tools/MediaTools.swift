internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The programs that the media work is done by, and the walls around them.
package struct MediaTools: Sendable {
    package let ffmpeg: String?
    package let ffprobe: String?
    package let sandbox: Sandbox
    package let limits: MediaLimits
    /// `nice`, for what must not slow down what somebody waits for.
    private var nice: String?

    private init(ffmpeg: String?, ffprobe: String?, sandbox: Sandbox, limits: MediaLimits) {
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
        self.sandbox = sandbox
        self.limits = limits
    }

    /// The same tools for work that nobody waits for: the processor is theirs when it is idle.
    package var inBackground: MediaTools {
        var tools = self
        tools.nice = Self.find("nice", in: Self.standardPath)
        return tools
    }

    enum Tool: String {
        case ffmpeg, ffprobe
    }

    /// Where programs are looked for unless the caller says otherwise.
    package static let standardPath = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"]

    /// Looks for the programs and tries the sandbox once.
    ///
    /// `useBubblewrap`: false leaves resource limits alone around the children.
    package static func locate(
        searchPath: [String] = standardPath,
        limits: MediaLimits = MediaLimits(),
        useBubblewrap: Bool = true
    ) async -> MediaTools {
        let ffmpeg = find("ffmpeg", in: searchPath)
        let ffprobe = find("ffprobe", in: searchPath)
        // The sandbox shows /usr and nothing else: programs of other places run under resource limits alone.
        let areVisible = [ffmpeg, ffprobe].compactMap { $0 }.allSatisfy { $0.hasPrefix("/usr/") }
        let sandbox = await Sandbox.locate(searchPath: searchPath, useBubblewrap: useBubblewrap && areVisible)
        return MediaTools(ffmpeg: ffmpeg, ffprobe: ffprobe, sandbox: sandbox, limits: limits)
    }

    /// Names of the programs without which nothing can be processed.
    package var missing: [String] {
        [("ffmpeg", ffmpeg), ("ffprobe", ffprobe)].filter { $0.1 == nil }.map(\.0)
    }

    /// The codecs of these profiles that this ffmpeg cannot encode.
    ///
    /// - Throws: `ChildProcess.Failure` when it cannot be asked.
    package func missingCodecs(for profiles: [Profile]) async throws -> [VideoCodec] {
        let wanted = VideoCodec.allCases.filter { codec in profiles.contains { $0.videoCodec == codec } }
        guard let ffmpeg else { return wanted }
        let list = try await ChildProcess.run(
            ffmpeg,
            ["-nostdin", "-hide_banner", "-v", "error", "-encoders"],
            deadline: .seconds(60)
        )
        let words = Set(String(decoding: list.standardOutput, as: UTF8.self).split(whereSeparator: \.isWhitespace))
        return wanted.filter { !words.contains($0.encoder[...]) }
    }

    /// What protects the machine less than it could, in words for `doctor`.
    package var weaknesses: [String] {
        var list: [String] = []
        if sandbox.bubblewrap == nil {
            list.append("bubblewrap is missing or not allowed here: decoders run without a sandbox")
        }
        if sandbox.prlimit == nil { list.append("prlimit is missing: decoders run without resource limits") }
        return list
    }

    static func find(_ name: String, in searchPath: [String]) -> String? {
        searchPath.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Only local files, and only these demuxers: an `.mp4` that is a playlist is then not a medium at all.
    static let inputGuards = [
        "-protocol_whitelist", "file,pipe", "-format_whitelist",
        "mov,matroska,webm,avi,mpegts,mpeg,flv,live_flv,asf,ogg,wav,w64,aiff,caf,au,mp3,aac,ac3,eac3,amr,flac,mxf,dv,"
            + "ivf,obu,h264,hevc,m4v,mpegvideo",
    ]

    /// Seconds of wall time that a child has at least: a loaded machine is no fault of the file's.
    private static let shortestDeadline = 300

    /// Runs ffmpeg or ffprobe behind the walls.
    ///
    /// - `media`: how much media it works on; CPU time and the deadline follow from it.
    /// - `arguments`: made from the names under which the child sees its files.
    func run(
        _ tool: Tool,
        input: String,
        output: String? = nil,
        media: Duration,
        outputLimit: Int = 1 << 20,
        onOutput: (@Sendable (UnsafeRawBufferPointer) throws -> Void)? = nil,
        arguments: (Sandbox.Paths) -> [String]
    ) async throws -> ChildProcess.Result {
        guard let program = tool == .ffmpeg ? ffmpeg : ffprobe else {
            throw MediaError(.toolMissing, "\(tool.rawValue) is not installed on this machine.")
        }
        let cpuSeconds = limits.cpuSeconds(for: media)
        let scope = Sandbox.Scope(input: input, output: output, cpuSeconds: cpuSeconds)
        var line = sandbox.command(program, arguments(sandbox.paths(for: scope)), scope: scope, limits: limits)
        if let nice { line = (nice, ["-n", "15", line.executable] + line.arguments) }
        do {
            let result = try await ChildProcess.run(
                line.executable,
                line.arguments,
                deadline: .seconds(max(cpuSeconds * 2, Self.shortestDeadline)),
                outputLimit: outputLimit,
                onOutput: onOutput
            )
            try Self.checkLimits(result)
            return result
        } catch let failure as ChildProcess.Failure {
            throw Self.mediaError(failure, tool: tool)
        }
    }

    /// SIGKILL and SIGXCPU come from the CPU limit, SIGXFSZ from the file limit; a shell-like 128 + n stands for
    /// them when bubblewrap reports its child's end.
    private static func checkLimits(_ result: ChildProcess.Result) throws {
        let signal: Int32 =
            switch result.status {
            case .signalled(let number): number
            case .exited(let code): code > 128 ? code - 128 : 0
            }
        if [SIGKILL, SIGXCPU, SIGXFSZ].contains(signal) {
            throw MediaError(
                .limitExceeded,
                "Processing this file took more time, memory or space than is allowed.",
                detail: "signal \(signal): \(result.errorTail)"
            )
        }
    }

    private static func mediaError(_ failure: ChildProcess.Failure, tool: Tool) -> MediaError {
        switch failure {
        case .notStarted(let executable, let code):
            MediaError(.toolMissing, "\(tool.rawValue) could not be started.", detail: "\(executable): errno \(code)")
        case .deadlinePassed(let tail):
            MediaError(.limitExceeded, "Processing this file took longer than is allowed.", detail: tail)
        case .tooMuchOutput(let limit):
            MediaError(.limitExceeded, "This file describes itself at unreasonable length.", detail: "\(limit) bytes")
        }
    }
}
