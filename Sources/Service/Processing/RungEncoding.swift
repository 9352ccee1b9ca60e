internal import Core
internal import Media

/// Encodes a run of segments of some rungs with one ffmpeg, and publishes each as soon as it is there.
struct RungEncoding: Sendable {
    let asset: AssetID
    let version: Int
    let plan: Plan
    let context: ProcessingContext

    /// `isAwaited`: whether a viewer waits; otherwise everything else on the machine goes first.
    func run(
        _ rungs: [Rung],
        _ segments: Range<Int>,
        isAwaited: Bool,
        onProgress: @escaping @Sendable (Double) -> Void
    ) async throws {
        let source = try context.original(asset, version)
        let publication = StreamedPublication(asset: asset, version: version, plan: plan)
        try await publication.run(in: context) { folder, onSegment in
            let tools = isAwaited ? context.tools : context.tools.inBackground
            let encoded = try await ChunkEncoder(tools: tools, isAwaited: isAwaited).encode(
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                rungs: rungs,
                segments: segments,
                into: folder,
                onProgress: onProgress
            ) { onSegment($0.name, $1.index, $1.bytes, $2) }
            for warning in Set(encoded.flatMap(\.warnings)) {
                context.logger.warning(
                    "salvaged",
                    ["subject": .string(Subject.version(asset, version)), "warning": .string(warning)]
                )
            }
        }
    }
}
