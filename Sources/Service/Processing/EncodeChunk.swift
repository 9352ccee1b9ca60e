internal import Core
internal import Foundation
internal import Media
internal import SQL

/// Encodes a run of segments of all rungs with one ffmpeg, and publishes them.
struct EncodeChunk: Job {
    static let kind = "asset.chunk"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int
    let first: Int
    let count: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done  // deleted meanwhile
        }
        return try await context.withWorkFolder { folder in
            let encoder = ChunkEncoder(tools: context.tools)
            let rungs: [EncodedRung]
            do {
                rungs = try await encoder.encode(
                    source: try context.original(asset, version), info: plan.info, timeline: plan.timeline,
                    rungs: plan.rungs, segments: first..<first + count, into: folder)
            } catch let error as MediaError {
                if error.isPermanent { return .cancel(error.message) }
                throw error
            }
            for encoded in rungs {
                for warning in encoded.warnings {
                    context.logger.warning("salvaged", ["subject": .string(subject), "warning": .string(warning)])
                }
                try await context.publish(
                    MadeRendition(
                        name: encoded.rung.name, folder: "\(folder)/\(encoded.rung.name)", codecs: encoded.codecs,
                        segments: encoded.segments.map { segment in
                            MadeRendition.Segment(
                                number: segment.index, bytes: segment.bytes,
                                duration: plan.timeline.duration(of: segment.index).duration)
                        }),
                    plan: plan, of: asset, version)
            }
            return .done
        }
    }

    func buried(reason: String, in context: ProcessingContext) async throws {
        try await context.database.write { try VersionState.fail(asset, version, reason: reason, in: $0) }
    }
}

/// Encodes the sound of a version, whole, as the group that all rungs share; each segment is published as it comes.
struct EncodeAudio: Job {
    static let kind = "asset.audio"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done
        }
        return try await context.withWorkFolder { folder in
            do {
                let encoded = try await AudioEncoder(tools: context.tools).encode(
                    source: try context.original(asset, version), info: plan.info, timeline: plan.timeline,
                    bitRate: plan.audioBitRate, into: folder)
                try await context.publish(
                    MadeRendition(
                        name: VersionState.audioName, folder: folder, codecs: encoded.codecs,
                        segments: encoded.segments.map { segment in
                            MadeRendition.Segment(
                                number: segment.index, bytes: segment.bytes,
                                duration: encoded.grid.duration(of: segment.index).duration)
                        }),
                    plan: plan, of: asset, version)
            } catch let error as MediaError {
                if error.isPermanent { return .cancel(error.message) }
                throw error
            }
            return .done
        }
    }

    func buried(reason: String, in context: ProcessingContext) async throws {
        try await context.database.write { try VersionState.fail(asset, version, reason: reason, in: $0) }
    }
}
