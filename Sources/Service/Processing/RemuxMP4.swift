internal import Core
internal import Foundation
internal import Media
internal import SQL
internal import ObjectStorage

/// Makes the progressive MP4 of a complete rung from its segments and the shared sound, without encoding.
struct RemuxMP4: Job {
    static let kind = "asset.mp4"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int
    let rendition: String

    var subject: String { Subject.mp4(asset, version, rendition) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done
        }
        return try await context.withWorkFolder { folder in
            let path = "\(folder)/\(rendition).mp4"
            try await Remuxer().mp4(
                video: try files(of: rendition, plan, in: context),
                audio: plan.hasAudio ? try files(of: VersionState.audioName, plan, in: context) : nil,
                to: path
            )
            let object = try await context.store.put(
                try AssetKeys.mp4(asset, version: version, rendition: rendition),
                file: path,
                consuming: true
            )
            try await context.database.write { transaction in
                try transaction.run(
                    """
                    UPDATE renditions SET mp4_bytes = \(object.size)
                    WHERE asset_id = \(asset) AND version = \(version) AND name = \(rendition)
                    """
                )
            }
            try await context.removeIfDeleted(asset, version)
            return .done
        }
    }

    private func files(of name: String, _ plan: Plan, in context: ProcessingContext) throws -> Remuxer.Track {
        let path = { (file: String) throws -> String in
            let key = try AssetKeys.file(asset, version: version, rendition: name, name: file)
            guard let path = context.store.localPath(key) else {
                throw ServiceError(.internalFailure, "A segment cannot be opened.", detail: "\(key)")
            }
            return path
        }
        return Remuxer.Track(
            initialization: try path("init.mp4"),
            segments: try (0..<plan.timeline.segmentCount).map { try path("\($0).m4s") }
        )
    }
}
