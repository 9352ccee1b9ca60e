import Foundation
import Testing

@testable import Media

@Suite("Child processes")
struct ChildProcessTests {
    @Test("output, the end of errors, status and CPU time come back")
    func result() async throws {
        let result = try await ChildProcess.run(
            "/bin/sh",
            ["-c", "echo out; echo err >&2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3"],
            deadline: .seconds(300)
        )
        #expect(result.status == .exited(3))
        #expect(result.standardOutput == Array("out\n".utf8))
        #expect(result.errorTail == "err\n")
        #expect(result.cpuSeconds > 0)
    }

    @Test("a deadline ends the whole group, one that ignores SIGTERM too")
    func deadline() async throws {
        let scratch = try Scratch()
        let note = "\(scratch.path)/pid"
        let limit = ContinuousClock.now + .seconds(300)
        // A busy machine may need longer before the child has said anything; then it gets more time.
        var (pid, time) = (Int32?.none, Duration.milliseconds(300))
        while pid == nil {
            try #require(ContinuousClock.now < limit, "no child ever ran")
            await #expect(throws: ChildProcess.Failure.self) {
                _ = try await ChildProcess.run(
                    "/bin/sh",
                    ["-c", "trap '' TERM; sleep 1000 & echo $! > \(note); while :; do sleep 1; done"],
                    deadline: time
                )
            }
            time *= 2
            let text = try? String(contentsOfFile: note, encoding: .utf8)
            pid = text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        let path = "/proc/\(try #require(pid))/stat"
        // An orphan that was killed is gone once init has reaped it; a zombie does no harm.
        let end = ContinuousClock.now + .seconds(300)
        while let state = try? String(contentsOfFile: path, encoding: .utf8), !state.contains(") Z"),
            ContinuousClock.now < end
        {
            try await Task.sleep(for: .milliseconds(20))
        }
        let state = try? String(contentsOfFile: path, encoding: .utf8)
        #expect(state == nil || state?.contains(") Z") == true)
    }

    @Test("cancelling the task ends the child soon")
    func cancellation() async throws {
        let task = Task { try await ChildProcess.run("/bin/sleep", ["1000"], deadline: .seconds(2000)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test("too much output ends the child; a consumer's error comes through")
    func output() async throws {
        await #expect(throws: ChildProcess.Failure.self) {
            _ = try await ChildProcess.run("/usr/bin/yes", [], deadline: .seconds(300), outputLimit: 10_000)
        }
        let error = await #expect(throws: MediaError.self) {
            _ = try await ChildProcess.run("/usr/bin/yes", [], deadline: .seconds(300)) { _ in
                throw MediaError(.damaged, "Enough.")
            }
        }
        #expect(error?.reason == .damaged)
    }

    @Test("a program that is not there is named")
    func missing() async {
        let error = await #expect(throws: ChildProcess.Failure.self) {
            _ = try await ChildProcess.run("/nonexistent/tool", [], deadline: .seconds(300))
        }
        guard case .notStarted(let executable, _)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(executable == "/nonexistent/tool")
    }

    @Test("a child sees no descriptor but its three")
    func descriptors() async throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let result = try await ChildProcess.run("/bin/ls", ["/proc/self/fd"], deadline: .seconds(300))
        // The fourth is ls's own, of the folder it lists.
        #expect(String(decoding: result.standardOutput, as: UTF8.self) == "0\n1\n2\n3\n")
    }
}
