internal import Core
internal import Media

/// Makes the moving picture that a list shows.
struct MakePreview: Job {
    static let kind = "asset.preview"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(asset, version) else { return .done }
        return try await context.optional("preview", of: asset) {
            try await context.withWorkFolder { folder in
                let size = try await PreviewMaker(tools: context.tools.inBackground).make(
                    of: try context.original(asset, version),
                    info: plan.info,
                    timeline: plan.timeline,
                    into: folder
                )
                let file = "\(folder)/\(PreviewMaker.fileName)"
                let preview = Derivative(
                    name: "preview",
                    fileExtension: "webp",
                    mimeType: "image/webp",
                    width: size.width,
                    height: size.height,
                    bytes: try context.size(of: file)
                )
                try await context.put(preview, file: file, of: asset, version)
                try await context.record([preview], details: ["preview": true], of: asset, version)
            }
        }
    }
}
