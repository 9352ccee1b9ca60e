package import Core
internal import SQL

/// The files that are made of a medium beside its streams, each under a name.
extension Delivery {
    package enum FileRole: Sendable, Hashable {
        /// By its name among the derivatives: `thumbnail`, `mp3`.
        case derivative(String)
        /// The picture that stands for a video.
        case poster
        /// The best rung as one file.
        case mp4
        /// The original without what it tells of its owner: the derivative `original`, made on request where processing
        /// has not.
        case original
    }

    package struct NamedFile: Sendable {
        package let path: String
        package let mimeType: String
    }

    /// How long a request is held for a file that is being made.
    private static let filePatience = Duration.seconds(60)

    /// A file of a medium, as soon as it exists: what is named may be asked for before it was made.
    ///
    /// `isWanted`: asked now and then; false when the client has left.
    ///
    /// Throws `.notFound` for what will never be, with the reason when processing failed; `.unavailable` when it takes
    /// too long or the client has left.
    package func file(
        _ role: FileRole,
        of asset: AssetID,
        isWanted: @Sendable () -> Bool
    ) async throws -> NamedFile {
        try await waiting(isWanted) {
            guard let record = try await catalog.find(asset) else { throw Self.nothing }
            if let found = try await find(role, of: record) { return found }
            if try await isComing(role, of: record) { return nil }
            // It may have come, and its job gone, between the two looks.
            if let found = try await find(role, of: record) { return found }
            throw Self.missing(record)
        }
    }

    /// The link to what plays, as soon as something does.
    ///
    /// Throws as `file`.
    package func playing(_ asset: AssetID, isWanted: @Sendable () -> Bool) async throws -> Link {
        try await waiting(isWanted) {
            guard let record = try await catalog.find(asset) else { throw Self.nothing }
            if record.version.plays { return link(to: record) }
            guard record.version.status != .failed else { throw Self.missing(record) }
            return nil
        }
    }

    private func waiting<Found>(
        _ isWanted: @Sendable () -> Bool,
        for look: () async throws -> Found?
    ) async throws -> Found {
        let deadline = ContinuousClock.now + Self.filePatience
        var pause = Duration.milliseconds(50)
        while true {
            if let found = try await look() { return found }
            guard ContinuousClock.now < deadline, isWanted() else {
                throw ServiceError(
                    .unavailable,
                    "This file is still being made. Try again.",
                    retryAfter: .seconds(5)
                )
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(400))
        }
    }

    private static func missing(_ asset: AssetRecord) -> ServiceError {
        guard asset.version.status == .failed else { return nothing }
        return ServiceError(
            .notFound,
            "There is no such file: processing failed. \(asset.version.error ?? "")"
        )
    }

    // MARK: - Is it there

    private func find(_ role: FileRole, of asset: AssetRecord) async throws -> NamedFile? {
        let (id, version) = (asset.id, asset.version.number)
        switch role {
        case .derivative(let name): return try await derivative(name, of: asset)
        case .original: return try await derivative("original", of: asset)
        case .poster:
            let path = asset.version.hasPoster ? try? existing(AssetKeys.poster(id, version: version)) : nil
            return path.map { NamedFile(path: $0, mimeType: "image/jpeg") }
        case .mp4:
            guard let rung = try await bestRung(of: asset), rung.isComplete else { return nil }
            let path = try? existing(AssetKeys.mp4(id, version: version, rendition: rung.name))
            return path.map { NamedFile(path: $0, mimeType: "video/mp4") }
        }
    }

    private func derivative(_ name: String, of asset: AssetRecord) async throws -> NamedFile? {
        let (id, version) = (asset.id, asset.version.number)
        let known = try await catalog.derivatives(of: id, version: version).first { $0.name == name }
        guard let known, let path = try? existing(known.key(id, version: version)) else { return nil }
        return NamedFile(path: path, mimeType: known.mimeType)
    }

    /// The rung that an MP4 is made of: the top one that stays.
    private func bestRung(of asset: AssetRecord) async throws -> RenditionRecord? {
        let renditions = try await catalog.renditions(of: asset.id, version: asset.version.number)
        return renditions.first { $0.name != VersionState.audioName && $0.origin != .standIn }
    }

    // MARK: - Will it be

    /// Whether somebody is making it; sees to it where that is done on request.
    private func isComing(_ role: FileRole, of asset: AssetRecord) async throws -> Bool {
        let (id, version) = (asset.id, asset.version.number)
        guard asset.version.status != .failed else { return false }
        if asset.version.plays {
            if role == .original, asset.kind != "image" {
                try await orderOnce(StripOriginal(asset: id, version: version))
            }
            let renditions = try await catalog.renditions(of: id, version: version)
            let sound = renditions.first { $0.name == VersionState.audioName }
            if role == .mp4, let rung = try await bestRung(of: asset), rung.isComplete, sound?.isComplete != false {
                try await orderOnce(RemuxMP4(asset: id, version: version, rendition: rung.name))
            }
        }
        // Anything that still works for the version may bring it.
        let (subject, below, end) = Subject.range(id, version)
        return try await database.read { connection in
            try connection.first(
                """
                SELECT id FROM jobs WHERE (subject = \(subject) OR (subject >= \(below) AND subject < \(end)))
                    AND state <> 'dead' LIMIT 1
                """
            ) != nil
        }
    }

    /// Enqueues what is made on request, unless it is on its way, or failed already: then a person retries it.
    private func orderOnce(_ job: some Job) async throws {
        let kind = type(of: job).kind
        try await database.write { transaction in
            let known = try transaction.first(
                "SELECT id FROM jobs WHERE subject = \(job.subject) AND kind = \(kind)"
            )
            if known == nil { try JobQueue.enqueue(job, priority: .viewer, in: transaction) }
        }
    }
}

extension Delivery.Link {
    /// A path that carries the link's token: for files that are not open to everybody.
    package func signed(_ path: String) -> String { "\(path)?token=\(token)" }
}
