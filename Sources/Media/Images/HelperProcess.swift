internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A running image helper, seen from the thread that started it and talks to it.
///
/// What it answers is as little to be believed as the picture itself: names, counts and lengths are checked.
struct HelperProcess: ~Copyable {
    /// Of a line of JSON, in bytes.
    static let lineLimit = 1 << 16
    private static let errorTailLimit = 4096
    private static let names: Set<String> = ["original", "thumbnail", "small", "medium", "large", "webp", "variant"]

    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private let error: Int32
    private var isErrorOpen = true
    private var errorTail: [UInt8] = []
    private var waiting: [UInt8] = []

    /// - Throws: `ChildProcess.Failure`.
    init(_ executable: String, _ arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        // A socket, not a pipe: writing to one whose reader is gone is an error, not a signal.
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ChildProcess.Failure.notStarted(executable: executable, errno: errno)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        do {
            let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
            let started = try Spawn.start(executable, arguments, environment: environment, input: ends[1])
            pid = started.pid
            output = started.output
            self.error = started.error
            input = ends[0]
        } catch {
            close(ends[0])
            throw error
        }
        for descriptor in [input, output, error] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// Ends it, whatever it does.
    deinit {
        for descriptor in [input, output, error] { close(descriptor) }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }

    /// One exchange: the task and the file's bytes go in, files come out into a folder as `<name>.<extension>`.
    ///
    /// - `isWanted`: asked several times a second; false ends the exchange.
    /// - Throws: `MediaError`, `CancellationError`. After any but a refusal the helper is of no use any more.
    mutating func perform(
        _ task: ImageTask,
        file: Int32,
        into folder: String,
        deadline: ContinuousClock.Instant,
        isWanted: () -> Bool
    ) throws -> ImageReport {
        let line = [UInt8](try JSONEncoder().encode(task)) + [UInt8(ascii: "\n")]
        try send(line, deadline, isWanted)
        var left = task.count
        while left > 0 {
            var piece = [UInt8](repeating: 0, count: min(left, 1 << 18))
            let count = read(file, &piece, piece.count)
            guard count > 0 else { throw MediaError(.file, "The picture could not be read.", detail: "errno \(errno)") }
            piece.removeSubrange(count...)
            try send(piece, deadline, isWanted)
            left -= count
        }
        let report = try JSONDecoder().decode(ImageReport.self, from: Data(try receiveLine(deadline, isWanted)))
        guard Set(report.files.map(\.name)).count == report.files.count,
            report.files.allSatisfy({ Self.names.contains($0.name) && (0...ImageLimits().bytes * 2).contains($0.count) }
            )
        else { throw nonsense }
        for made in report.files {
            try receive(made.count, into: "\(folder)/\(made.name).\(made.format.fileExtension)", deadline, isWanted)
        }
        return report
    }

    private var nonsense: MediaError {
        MediaError(.toolFailed, "This picture could not be processed.", detail: "the helper's answer makes no sense")
    }

    private mutating func send(_ bytes: [UInt8], _ deadline: ContinuousClock.Instant, _ isWanted: () -> Bool) throws {
        #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Self.send(input, $0.dropFirst(sent), flags) }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: input, POLLOUT, deadline, isWanted)
            } else {
                throw died()
            }
        }
    }

    private static func send(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>, _ flags: Int32) -> Int {
        let part = UnsafeRawBufferPointer(rebasing: bytes)
        return Foundation.send(descriptor, part.baseAddress, part.count, flags)
    }

    private mutating func receiveLine(_ deadline: ContinuousClock.Instant, _ isWanted: () -> Bool) throws -> [UInt8] {
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(waiting[..<end])
                waiting.removeFirst(end + 1)
                return line
            }
            guard waiting.count <= Self.lineLimit else { throw nonsense }
            try receiveMore(deadline, isWanted)
        }
    }

    private mutating func receive(
        _ count: Int,
        into path: String,
        _ deadline: ContinuousClock.Instant,
        _ isWanted: () -> Bool
    ) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw MediaError(.file, "A picture could not be stored.", detail: path) }
        defer { try? file.close() }
        var left = count
        while left > 0 {
            if waiting.isEmpty { try receiveMore(deadline, isWanted) }
            let part = waiting.prefix(left)
            // A full disk says so in words that make the job wait (`Worker.isDiskFull`).
            do { try file.write(contentsOf: part) } catch {
                throw MediaError(.file, "A picture could not be stored.", detail: "\(String(cString: strerror(errno)))")
            }
            left -= part.count
            waiting.removeFirst(part.count)
        }
    }

    private mutating func receiveMore(_ deadline: ContinuousClock.Instant, _ isWanted: () -> Bool) throws {
        while true {
            try wait(for: output, POLLIN, deadline, isWanted)
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(output, &piece, piece.count)
            if count > 0 {
                waiting.append(contentsOf: piece[..<count])
                return
            }
            guard count < 0, errno == EAGAIN || errno == EINTR else { throw died() }
        }
    }

    /// Returns when the descriptor is ready, or has been for a moment; drains standard error meanwhile.
    private mutating func wait(
        for descriptor: Int32,
        _ events: Int32,
        _ deadline: ContinuousClock.Instant,
        _ isWanted: () -> Bool
    ) throws {
        while true {
            guard isWanted() else { throw CancellationError() }
            guard ContinuousClock.now < deadline else {
                throw MediaError(.limitExceeded, "Processing this picture took longer than is allowed.")
            }
            var watched = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: isErrorOpen ? error : -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&watched, 2, 100)
            if ready > 0, watched[1].revents != 0 { readError() }
            if ready > 0, watched[0].revents != 0 { return }
        }
    }

    private mutating func readError() {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = read(error, &piece, piece.count)
        guard count > 0 else {
            isErrorOpen = count < 0 && (errno == EAGAIN || errno == EINTR)
            return
        }
        errorTail.append(contentsOf: piece[..<count])
        errorTail.removeFirst(max(0, errorTail.count - Self.errorTailLimit))
    }

    private mutating func died() -> MediaError {
        readError()
        return MediaError(
            .toolFailed,
            "This picture stopped the program that decodes it.",
            detail: String(decoding: errorTail, as: UTF8.self)
        )
    }
}
