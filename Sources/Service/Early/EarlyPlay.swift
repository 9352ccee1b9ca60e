package import Core
internal import Media

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Plays uploads while they are being received.
///
/// Nothing is looked at unless somebody asks how an upload gets on; what was found is kept in memory alone.
package actor EarlyPlay {
    /// What is known of an upload.
    private enum Stage: Sendable {
        /// Nothing more can be said before so many bytes are there.
        case later(Int64)
        case looking(Task<Stage, Never>)
        case plays(EarlyStream)
        case never
    }

    /// A file of a rendition.
    package enum File: Sendable {
        case bytes([UInt8])
        /// Open, and named by nothing: it belongs to who takes it.
        case descriptor(Int32)
    }

    /// How many uploads are remembered; of any other, what is known can be found again.
    private static let most = 64
    /// Between two looks whether bytes that are waited for have come.
    private static let pause = Duration.milliseconds(100)

    private let ingest: Ingest
    private let delivery: Delivery
    private let context: ProcessingContext
    private var stages: [UploadID: Stage] = [:]
    /// The uploads in `stages`, the one that was asked for first in front.
    private var order: [UploadID] = []
    /// One look at a time: each holds an index in memory.
    private var lastLook: Task<Stage, Never>?
    /// Copies hold a segment in memory.
    private let copies = Slots(2)

    /// `context`: its work folder is this process's own.
    package init(ingest: Ingest, delivery: Delivery, context: ProcessingContext) {
        self.ingest = ingest
        self.delivery = delivery
        self.context = context
    }

    // MARK: - Links

    /// The owner's link to an upload that is not complete, as soon as its first segment plays.
    ///
    /// Does not wait for what it finds out: who asks again is told.
    ///
    /// `offset`: bytes that have arrived, where they are known already.
    package func link(to id: UploadID, at offset: Int64? = nil) async -> Delivery.Link? {
        if case .later(let bytes) = stages[id] ?? .later(1) {
            let arrived: Int64
            if let offset { arrived = offset } else { arrived = (try? await ingest.arrived(id).prefix) ?? 0 }
            // It may have been looked at meanwhile.
            if arrived >= bytes, case .later = stages[id] ?? .later(1) { _ = look(at: id) }
        }
        guard case .plays(let stream)? = stages[id] else { return nil }
        let end = delivery.lastStart(at: .now)
        // As the links to assets: a second more than it lasts, rounded down.
        let grace = Duration.seconds((stream.timeline.duration.duration.components.seconds + 1) * 2)
        let token = EarlyToken(upload: id, expires: end, grace: grace)
        return Delivery.Link(token: delivery.keys.sign(token), expiresIn: delivery.expiresIn)
    }

    /// Admits a request by its token; nil for a text that is none of an upload.
    ///
    /// `starting`: whether this begins a playback, which the expiry gates; what goes on has its grace.
    /// Throws `.tokenExpired` "Token expired".
    package nonisolated func admit(_ text: String, starting: Bool, at now: Timestamp = .now) throws -> EarlyToken? {
        guard let token = delivery.keys.verifyEarly(text) else { return nil }
        guard now < (starting ? token.expires : token.expires + token.grace) else {
            throw ServiceError(.tokenExpired, "Token expired", detail: "upload \(token.upload)")
        }
        return token
    }

    // MARK: - What plays

    /// Throws `.notFound` for an upload that ended otherwise than as an asset.
    package func master(_ token: EarlyToken) async throws -> String {
        _ = try await arrived(token.upload)
        return try await stream(of: token.upload).master
    }

    /// Throws as `master`, and for a rendition that there is not.
    package func playlist(_ token: EarlyToken, rendition: String) async throws -> String {
        _ = try await arrived(token.upload)
        guard let playlist = try await stream(of: token.upload).playlist(rendition) else { throw Delivery.nothing }
        return playlist
    }

    /// An init or a segment; held until its bytes have arrived.
    ///
    /// `isWanted`: asked now and then; false when the client has left.
    /// Throws `.notFound` for what will never be, `.unavailable` when it took too long, the client has left, or the
    /// segment's bytes are not what the index says.
    package func file(
        _ name: String,
        rendition: String,
        _ token: EarlyToken,
        isWanted: @escaping @Sendable () -> Bool
    ) async throws -> File {
        _ = try await arrived(token.upload)
        let stream = try await stream(of: token.upload)
        guard let initialization = stream.initialization(rendition) else { throw Delivery.nothing }
        if name == "init.mp4" { return .bytes(initialization) }
        guard let number = WantedFile.number(of: name), number < stream.copy.needs.count else { throw Delivery.nothing }
        let source = try await wait(for: Int64(stream.copy.needs[number]), of: token.upload, isWanted)
        do {
            return try await segment(number, rendition, stream, source, isWanted)
        } catch let error as MediaError {
            let moved = try await arrived(token.upload).path
            // Between the look and the copy it became an original.
            if moved != source { return try await segment(number, rendition, stream, moved, isWanted) }
            throw ServiceError(
                .unavailable,
                "This part cannot be shown before the upload is complete. Try again.",
                detail: String(reflecting: error),
                retryAfter: .seconds(2)
            )
        }
    }

    private func segment(
        _ number: Int,
        _ rendition: String,
        _ stream: EarlyStream,
        _ source: String,
        _ isWanted: @escaping @Sendable () -> Bool
    ) async throws -> File {
        let context = context
        return try await copies.run {
            guard isWanted() else { throw ServiceError(.unavailable, "The client has left.") }
            return try await context.withWorkFolder { folder in
                try await stream.write(number, of: rendition, from: source, to: folder, tools: context.tools)
                let descriptor = open("\(folder)/\(number).m4s", O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { throw Delivery.nothing }
                return .descriptor(descriptor)
            }
        }
    }

    // MARK: - What has arrived

    /// Throws `.notFound` also when the upload has become an asset that is gone, or failed.
    private func arrived(_ id: UploadID) async throws -> Ingest.Arrived {
        let found = try await ingest.arrived(id)
        guard found.upload.state == .complete, let asset = found.upload.assetID else { return found }
        let (version, owner) = (found.upload.version, found.upload.owner)
        let record = try await delivery.catalog.asset(asset, version: version, for: owner)
        guard record.version.status != .failed else { throw Delivery.nothing }
        return found
    }

    /// - Returns: where the bytes are.
    private func wait(for bytes: Int64, of id: UploadID, _ isWanted: () -> Bool) async throws -> String {
        let deadline = ContinuousClock.now + SegmentWaits.patience
        while true {
            let found = try await arrived(id)
            if found.prefix >= bytes { return found.path }
            guard ContinuousClock.now < deadline, isWanted() else { throw SegmentWaits.tooLate }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func stream(of id: UploadID) async throws -> EarlyStream {
        let stage: Stage =
            switch stages[id] {
            case .looking(let look): await look.value
            case .later, nil: await look(at: id).value
            case .plays, .never: stages[id] ?? .never
            }
        guard case .plays(let stream) = stage else { throw Delivery.nothing }
        return stream
    }

    // MARK: - Looking

    private func look(at id: UploadID) -> Task<Stage, Never> {
        let before = lastLook
        let task = Task {
            _ = await before?.value
            let stage = await find(id)
            // Forgotten meanwhile: it stays forgotten.
            if case .looking? = stages[id] { stages[id] = stage }
            return stage
        }
        lastLook = task
        if stages.updateValue(.looking(task), forKey: id) == nil { order.append(id) }
        if order.count > Self.most { stages[order.removeFirst()] = nil }
        return task
    }

    private func find(_ id: UploadID) async -> Stage {
        do {
            let found = try await arrived(id)
            let file = ArrivingFile(path: found.path, arrived: found.prefix, size: found.size)
            let planner = CopyPlanner(tools: context.tools)
            switch try await planner.plan(arriving: file, profiles: context.profiles) {
            case .never: return .never
            case .later(let bytes): return .later(Int64(bytes))
            case .copy(let copy):
                let limit = found.upload.durationLimit.map { $0 + PrepareAsset.tolerance }
                guard copy.video.timeline.duration.duration <= limit ?? .seconds(Int64.max) else { return .never }
                return .plays(try await EarlyStream(copy, source: found.path, tools: context.tools))
            }
        } catch let error as MediaError {
            context.logger.info(
                "an upload cannot be watched before it is complete",
                ["upload": .string(id.rawValue), "reason": .string(String(reflecting: error))]
            )
            return .never
        } catch {
            // It is gone, or the database is busy: who asks again finds out.
            return .later(1)
        }
    }
}

/// How many may do something at once; the others wait in turn.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
        defer { if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() } }
        return try await body()
    }
}
