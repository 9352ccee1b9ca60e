internal import Core
internal import Foundation
internal import Media

/// Draws the sprites that a player shows over its bar.
struct DrawStoryboard: Job {
    static let kind = "asset.storyboard"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(asset, version), let video = plan.info.video else { return .done }
        let storyboard = Storyboard(duration: plan.timeline.duration.duration, size: video.displaySize)
        return try await context.optional("storyboard", of: asset) {
            try await context.withWorkFolder { folder in
                try await StoryboardMaker(tools: context.tools.inBackground).draw(
                    storyboard,
                    of: try context.original(asset, version),
                    info: plan.info,
                    timeline: plan.timeline,
                    into: folder
                )
                var sprites: [Derivative] = []
                for number in 0..<storyboard.sprites {
                    let file = "\(folder)/\(StoryboardMaker.name(number))"
                    let sprite = Derivative(
                        name: "storyboard-\(number)",
                        fileExtension: "jpg",
                        mimeType: "image/jpeg",
                        width: storyboard.width * storyboard.columns,
                        height: storyboard.height * storyboard.rows,
                        bytes: try context.size(of: file)
                    )
                    try await context.put(sprite, file: file, of: asset, version)
                    sprites.append(sprite)
                }
                let facts = try JSONValue(encoding: storyboard)
                try await context.record(sprites, details: ["storyboard": facts], of: asset, version)
            }
        }
    }
}

extension ProcessingContext {
    /// Bytes of a file that was made.
    func size(of file: String) throws -> Int64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        return (attributes[.size] as? NSNumber)?.int64Value ?? 0
    }
}
