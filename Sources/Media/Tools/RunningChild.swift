internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A started child, watched by the thread that started it.
struct RunningChild {
    private let pid: pid_t
    private var output: Int32
    private var error: Int32
    private var exit: (status: ChildProcess.Status, cpuSeconds: Double)?
    private var captured: [UInt8] = []
    private var errorTail: [UInt8] = []
    /// Why it is being ended, and when SIGKILL follows SIGTERM.
    private var ending: (reason: any Error, killAt: ContinuousClock.Instant)?

    init(_ executable: String, _ arguments: [String], environment: [String]) throws {
        let started = try Spawn.start(executable, arguments, environment: environment)
        pid = started.pid
        output = started.output
        error = started.error
    }

    /// Reads both pipes and waits; returns when the child has been reaped and its group is gone.
    mutating func supervise(
        until deadline: ContinuousClock.Instant,
        cancelled: CancellationFlag,
        outputLimit: Int,
        onOutput: ((UnsafeRawBufferPointer) throws -> Void)?
    ) throws -> ChildProcess.Result {
        defer { closePipes() }
        var exitSeen: ContinuousClock.Instant?
        while true {
            if exit == nil { reapIfExited() }
            let now = ContinuousClock.now
            if exit != nil {
                exitSeen = exitSeen ?? now
                // A grandchild that escaped its group may hold the pipes: it has a second.
                if (output < 0 && error < 0) || now > (exitSeen ?? now) + .seconds(1) { break }
            } else if cancelled.isSet {
                end(because: CancellationError())
            } else if now > deadline {
                end(because: ChildProcess.Failure.deadlinePassed(errorTail: tailText))
            }
            readAvailable(outputLimit: outputLimit, onOutput: onOutput)
        }
        if let ending { throw ending.reason }
        let (status, cpuSeconds) = exit ?? (.exited(-1), 0)
        return ChildProcess.Result(
            status: status,
            standardOutput: captured,
            errorTail: tailText,
            cpuSeconds: cpuSeconds
        )
    }

    private var tailText: String { String(decoding: errorTail, as: UTF8.self) }

    private mutating func end(because reason: any Error) {
        guard exit == nil else {
            // Reaped, its group killed: its id may be another's by now.
            ending = ending ?? (reason, .now)
            return
        }
        if let ending {
            if ContinuousClock.now > ending.killAt { kill(-pid, SIGKILL) }
        } else {
            ending = (reason, ContinuousClock.now + .seconds(5))
            kill(-pid, SIGTERM)
        }
    }

    /// Seen before it is reaped, so that the group's id cannot have been given to another when it is killed.
    private mutating func reapIfExited() {
        var info = siginfo_t()
        let seen = waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT)
        guard seen != 0 || info.si_signo == SIGCHLD else { return }
        if seen != 0 && errno == EINTR { return }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        var usage = rusage()
        var reaped: pid_t
        repeat { reaped = wait4(pid, &status, 0, &usage) } while reaped < 0 && errno == EINTR
        let signal = status & 0x7F
        let cpu = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1_000_000
        }
        // Somebody else may have reaped it (SIGCHLD ignored): how it ended is then unknown, so not well.
        guard reaped == pid else {
            exit = (.exited(-1), 0)
            return
        }
        exit = (signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal), cpu)
    }

    private mutating func readAvailable(
        outputLimit: Int,
        onOutput: ((UnsafeRawBufferPointer) throws -> Void)?
    ) {
        var watched = [output, error].filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // With pipes open, 100 ms bounds how late a cancellation or the deadline is noticed; without, the exit is near.
        let ready = poll(&watched, nfds_t(watched.count), watched.isEmpty ? 2 : 100)
        guard ready > 0 else { return }
        for entry in watched where entry.revents != 0 {
            if entry.fd == output {
                readOutput(limit: outputLimit, onOutput: onOutput)
            } else {
                readError()
            }
        }
    }

    private mutating func readOutput(limit: Int, onOutput: ((UnsafeRawBufferPointer) throws -> Void)?) {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer -> Int in
            let count = read(output, buffer.baseAddress, buffer.count)
            guard count > 0, ending == nil else { return count }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            do {
                if let onOutput {
                    try onOutput(bytes)
                } else if captured.count + count > limit {
                    end(because: ChildProcess.Failure.tooMuchOutput(limit: limit))
                } else {
                    captured.append(contentsOf: bytes)
                }
            } catch {
                end(because: error)
            }
            return count
        }
        if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) {
            close(output)
            output = -1
        }
    }

    private mutating func readError() {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = read(error, &piece, piece.count)
        if count > 0 {
            errorTail.append(contentsOf: piece[..<count])
            let excess = errorTail.count - ChildProcess.errorTailLimit
            if excess > 0 { errorTail.removeFirst(excess) }
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            close(error)
            error = -1
        }
    }

    private mutating func closePipes() {
        if output >= 0 { close(output) }
        if error >= 0 { close(error) }
        output = -1
        error = -1
    }
}
