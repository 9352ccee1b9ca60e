internal import Core
internal import Foundation
internal import TelecineClient

/// `telecine upload`.
enum Upload {
    static let command = Command(
        name: "upload",
        summary: "Upload files, wait until they play, print where to watch them.",
        discussion: """
            An upload that was interrupted goes on where it stopped when the same command is given again.
            Progress is drawn on a terminal and listed otherwise.
            \(ServiceConnection.discussion)
            """,
        operands: [Command.Operand(name: "FILE", help: "A video, sound or picture.", isRepeated: true)],
        options: ServiceConnection.options + [
            Command.Option("--title", value: "TEXT", help: "The title; the file's name otherwise. For one file."),
            Command.Option("--description", value: "TEXT", help: "The description. For one file."),
            Command.Option("--resume", value: "ID", help: "Go on with this upload. For one file."),
            Command.Option("--no-wait", help: "Return when the last byte is there."),
        ],
        printsJSON: true,
        run: { invocation in try await Interruption.cancels { try await run(invocation) } }
    )

    private struct Result: Encodable {
        let file: String
        let uploadId: String
        let status: UploadState
        let assetId: String?
        let watchUrl: String?
    }

    private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let files = invocation.arguments.operands
        for option in ["--title", "--description", "--resume"]
        where files.count > 1 && invocation.arguments.values[option] != nil {
            throw UsageError("\(option) is for one file")
        }
        let client = try await ServiceConnection.open(invocation)
        var results: [Result] = []
        var failed = 0
        for file in files {
            do {
                results.append(try await upload(file, client, invocation))
            } catch let error as TelecineError where files.count > 1 {
                failed += 1
                invocation.console.note("telecine: \(file): \(error.message)".printable)
            }
        }
        if invocation.isJSON { try invocation.console.print(json: results) }
        return failed == 0 ? .done : .failed
    }

    private static func upload(_ file: String, _ client: Telecine, _ invocation: Invocation) async throws -> Result {
        let url = URL(fileURLWithPath: file, relativeTo: URL(fileURLWithPath: invocation.folder, isDirectory: true))
        let progress = ProgressLine(invocation.console)
        defer { progress.end() }
        let memory = UploadMemory(file: url.absoluteURL, service: client.baseURL)
        var status: UploadStatus
        do {
            status = try await send(url, client, invocation, memory, progress)
        } catch {
            progress.end()
            // What was refused would be refused again; everything else may go on where it stopped.
            guard isResumable(error) else {
                memory.forget()
                throw error
            }
            if let id = memory.uploadID {
                invocation.console.note(
                    "What arrived is kept. Go on with the same command, or: telecine upload --resume \(id) \(file)"
                        .printable
                )
            }
            throw error
        }
        memory.forget()
        if !invocation.arguments.switches.contains("--no-wait") {
            status = try await wait(status.uploadId, url.lastPathComponent, client, invocation.console, progress)
        }
        progress.end()
        let watch = status.assetId.map { client.watchURL($0).absoluteString }
        if !invocation.isJSON { invocation.console.print((watch ?? status.uploadId).printable) }
        return Result(
            file: file,
            uploadId: status.uploadId,
            status: status.status,
            assetId: status.assetId,
            watchUrl: watch
        )
    }

    private static func wait(
        _ uploadID: String,
        _ name: String,
        _ client: Telecine,
        _ console: Console,
        _ progress: ProgressLine
    ) async throws -> UploadStatus {
        do {
            return try await client.waitUntilProcessed(uploadID) { status in
                progress.show("Processing \(name)", Double(status.progress) / 100)
            }
        } catch let error as CancellationError {
            progress.end()
            console.note("The file is there, and its processing goes on without you.")
            throw error
        }
    }

    private static func isResumable(_ error: any Error) -> Bool {
        guard let error = error as? TelecineError else { return error is CancellationError }
        return error.isTransient || error.kind == .refused(status: 401)
    }

    private static func send(
        _ url: URL,
        _ client: Telecine,
        _ invocation: Invocation,
        _ memory: UploadMemory,
        _ progress: ProgressLine
    ) async throws -> UploadStatus {
        var metadata: [String: JSONValue] = [:]
        for name in ["title", "description"] {
            if let text = invocation.arguments.values["--\(name)"] { metadata[name] = .string(text) }
        }
        let report: @Sendable (UploadProgress) -> Void = { state in
            memory.keep(state.uploadID)
            let detail = "\(ByteCount(state.sentBytes)) of \(ByteCount(state.totalBytes))"
            progress.show("Uploading \(url.lastPathComponent)", state.fraction, detail: detail)
        }
        let given = invocation.arguments.values["--resume"]
        if let id = given ?? memory.recall() {
            do {
                return try await client.upload(file: url, resuming: id, progress: report)
            } catch let error as TelecineError where given == nil && isLost(error) {
                invocation.console.note("The upload that began earlier is gone; beginning anew.")
            }
        }
        return try await client.upload(file: url, metadata: metadata, progress: report)
    }

    /// The service no longer knows it, or it has failed: only a new one helps.
    private static func isLost(_ error: TelecineError) -> Bool {
        [.refused(status: 404), .refused(status: 410), .refused(status: 403), .failedUpload].contains(error.kind)
    }
}
