internal import Core
internal import Foundation
internal import TelecineClient

/// `telecine assets list` and `telecine assets show`.
enum Assets {
    static let commands = [
        Command(
            name: "assets list",
            summary: "List the account's media, newest first.",
            discussion: ServiceConnection.discussion,
            options: ServiceConnection.options + [
                Command.Option("--page", value: "N", help: "The page, from 1."),
                Command.Option("--limit", value: "N", help: "Media on a page, 1 to 100. Default: 20."),
                Command.Option("--search", value: "TEXT", help: "Only those with this in their title or description."),
            ],
            printsJSON: true,
            run: list
        ),
        Command(
            name: "assets show",
            summary: "Show one medium: state, qualities, links.",
            discussion: ServiceConnection.discussion,
            operands: [Command.Operand(name: "ID", help: "asset_12, or 12.")],
            options: ServiceConnection.options,
            printsJSON: true,
            run: show
        ),
    ]

    @Sendable private static func list(_ invocation: Invocation) async throws -> ExitCode {
        let page = try invocation.arguments.integer("--page", in: 1...1_000_000) ?? 1
        let limit = try invocation.arguments.integer("--limit", in: 1...100) ?? 20
        let search = invocation.arguments.values["--search"]
        let client = try await ServiceConnection.open(invocation)
        let answer = try await client.assets(page: page, limit: limit, search: search)
        if invocation.isJSON {
            try invocation.console.print(json: answer)
            return .done
        }
        for asset in answer.assets {
            let duration = asset.duration.map { clock($0) } ?? "-"
            invocation.console.print(
                "\(asset.id)  \(asset.status.rawValue)  \(duration)  \(asset.createdAt)  \(asset.title)".printable
            )
        }
        let pagination = answer.pagination
        invocation.console.note("Page \(pagination.page) of \(pagination.pages), \(pagination.total) in all.")
        return .done
    }

    private struct Details: Encodable {
        let media: MediaDetails
        let stream: StreamLinks?
        let watchUrl: String
    }

    @Sendable private static func show(_ invocation: Invocation) async throws -> ExitCode {
        let client = try await ServiceConnection.open(invocation)
        let media = try await client.media(invocation.arguments.operands[0])
        // Links exist from the first rung on; before, the service refuses, and that is no failure here.
        let stream: StreamLinks? =
            media.streamingUrl == nil ? nil : try await client.stream(media.id)
        let watch = client.watchURL(media.id).absoluteString
        if invocation.isJSON {
            try invocation.console.print(json: Details(media: media, stream: stream, watchUrl: watch))
            return .done
        }
        var lines = ["\(media.id)  \(media.title)", "Status: \(media.status.rawValue)"]
        if let error = media.error { lines.append("Error: \(error)") }
        if let duration = media.duration { lines.append("Duration: \(clock(duration))") }
        lines.append("Created: \(media.createdAt)")
        lines += media.variants.map { "  \($0.profile)  \($0.width)×\($0.height)  \($0.bitrate)" }
        if let stream { lines.append("Master playlist: \(stream.masterUrl)") }
        lines.append("Watch: \(watch)")
        for line in lines { invocation.console.print(line.printable) }
        return .done
    }

    private static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
        let whole = Int(seconds.rounded())
        let parts = [whole / 3600, whole / 60 % 60, whole % 60]
        let text = parts.map { $0 < 10 ? "0\($0)" : "\($0)" }
        return parts[0] > 0 ? text.joined(separator: ":") : text.dropFirst().joined(separator: ":")
    }
}
