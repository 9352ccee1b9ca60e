/// One run of ffmpeg over a chunk: counts what is decoded, cuts what is encoded while it grows, and hands over what is
/// good.
///
/// `@unchecked`: only the child's thread touches it until the run has ended, only `finish` afterwards.
final class ChunkRun: @unchecked Sendable {
    typealias OnSegment = @Sendable (_ rung: Rung, _ segment: EncodedRung.Segment, _ codecs: String) -> Void

    private struct Output {
        let rung: Rung
        let splitter: SegmentSplitter
        var reported = 0
    }

    let decoded: DecodedFrames
    private let chunk: Chunk
    private let onProgress: @Sendable (Double) -> Void
    private let onSegment: OnSegment
    private var outputs: [Output]
    private var lastLook = ContinuousClock.now
    private var failure: (any Error)?

    /// How often the growing files are looked at.
    private static let interval = Duration.milliseconds(100)

    init(_ chunk: Chunk, onProgress: @escaping @Sendable (Double) -> Void, onSegment: @escaping OnSegment) {
        self.chunk = chunk
        self.onProgress = onProgress
        self.onSegment = onSegment
        decoded = DecodedFrames(windows: chunk.windows)
        outputs = chunk.rungs.map { rung in
            let splitter = SegmentSplitter(
                timeline: chunk.timeline,
                segments: chunk.segments,
                path: "\(chunk.work)/\(rung.name).mp4",
                folder: "\(chunk.directory)/\(rung.name)"
            )
            return Output(rung: rung, splitter: splitter)
        }
    }

    /// Takes what ffmpeg says of the pictures it decodes.
    func take(_ bytes: UnsafeRawBufferPointer) {
        decoded.take(bytes)
        onProgress(min(1, Double(decoded.inWindow) / Double(max(1, chunk.expectedFrames))))
        let now = ContinuousClock.now
        guard failure == nil, now - lastLook >= Self.interval else { return }
        lastLook = now
        do {
            for index in outputs.indices {
                try outputs[index].splitter.advance()
                report(&outputs[index], onlyWhole: true)
            }
        } catch {
            // Whether this run counts is not known before its end: it may be made again from further back.
            failure = error
        }
    }

    /// Cuts the rest, when the run has ended well.
    func finish() throws -> [EncodedRung] {
        if let failure { throw failure }
        return try outputs.indices.map { index in
            let outcome = try outputs[index].splitter.finish()
            report(&outputs[index], onlyWhole: false)
            return EncodedRung(
                rung: outputs[index].rung,
                segments: outcome.segments,
                codecs: outcome.codecs,
                initBytes: outcome.initBytes,
                peakBitRate: outcome.peakBitRate,
                decodedFrames: decoded.inWindow,
                sourceFrames: chunk.expectedFrames,
                warnings: isShort ? [warning] : []
            )
        }
    }

    private var warning: String {
        "\(chunk.expectedFrames - decoded.inWindow) of \(chunk.expectedFrames) pictures could not be decoded."
    }

    /// Whether pictures are missing.
    var isShort: Bool { Self.isShort(decoded.inWindow, of: chunk.expectedFrames) }

    /// Pictures that are never shown (a codec's delay, a repeated field) are few.
    private static func isShort(_ count: Int, of expected: Int) -> Bool { count < expected - 1 - expected / 50 }

    /// A segment that lacks pictures waits for the run's end: another run may do better.
    private func report(_ output: inout Output, onlyWhole: Bool) {
        guard let codecs = output.splitter.codecs else { return }
        let done = output.splitter.done
        while output.reported < done.count {
            let segment = done[output.reported]
            let count = decoded.counts[segment.index - chunk.segments.lowerBound]
            if onlyWhole, Self.isShort(count, of: chunk.timeline.sourceFrames[segment.index]) { return }
            onSegment(output.rung, segment, codecs)
            output.reported += 1
        }
    }
}
