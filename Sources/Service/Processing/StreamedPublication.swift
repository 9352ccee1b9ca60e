internal import Core
internal import Media
internal import Synchronization

/// Publishes renditions' segments while they are being made.
struct StreamedPublication: Sendable {
    let asset: AssetID
    let version: Int
    let plan: Plan

    typealias OnSegment = @Sendable (_ rendition: String, _ number: Int, _ bytes: Int, _ codecs: String) -> Void

    /// Runs the maker in a folder of its own, where each rendition has one of its name; what it reports is published
    /// at once, what comes meanwhile together.
    func run(
        in context: ProcessingContext,
        _ make: @escaping @Sendable (_ folder: String, _ onSegment: @escaping OnSegment) async throws -> Void
    ) async throws {
        try await context.withWorkFolder { folder in
            let made = Made()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { made.finish() }
                    try await make(folder) { made.add($0, .init(number: $1, bytes: $2, codecs: $3)) }
                }
                try await publish(made, from: folder, in: context)
                try await group.waitForAll()
            }
        }
    }

    private func publish(_ made: Made, from folder: String, in context: ProcessingContext) async throws {
        let begin = ContinuousClock.now
        var media: [String: Double] = [:]
        var last: [String: ContinuousClock.Instant] = [:]
        for await _ in made.signals {
            for (name, files) in made.take() {
                let segments = files.map { file in
                    MadeRendition.Segment(
                        number: file.number,
                        bytes: file.bytes,
                        duration: length(of: file.number, in: name).duration
                    )
                }
                let sum = files.reduce(media[name] ?? 0) { $0 + length(of: $1.number, in: name).value }
                let now = ContinuousClock.now
                let rendition = MadeRendition(
                    name: name,
                    folder: "\(folder)/\(name)",
                    codecs: files[0].codecs,
                    segments: segments,
                    hasInit: media[name] == nil,
                    speed: sum / max(0.001, (now - begin).inSeconds),
                    time: now - (last[name] ?? begin)
                )
                last[name] = now
                media[name] = sum
                try await context.publish(rendition, plan: plan, of: asset, version)
            }
        }
        // The signals end also when this task is cancelled, with files not yet taken: the job is not done then.
        try Task.checkCancellation()
    }

    private func length(of number: Int, in rendition: String) -> Rational {
        rendition == VersionState.audioName ? plan.audioGrid.duration(of: number) : plan.timeline.duration(of: number)
    }

    /// What the maker's threads hand over.
    private final class Made: Sendable {
        struct File: Sendable {
            let number: Int
            let bytes: Int
            let codecs: String
        }

        let signals: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        private let waiting = Mutex<[(name: String, files: [File])]>([])

        init() {
            (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        }

        func add(_ name: String, _ file: File) {
            waiting.withLock { waiting in
                if let index = waiting.firstIndex(where: { $0.name == name }) {
                    waiting[index].files.append(file)
                } else {
                    waiting.append((name, [file]))
                }
            }
            continuation.yield()
        }

        func finish() { continuation.finish() }

        func take() -> [(name: String, files: [File])] {
            waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
        }
    }
}
