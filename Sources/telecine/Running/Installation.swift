internal import API
internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL
internal import Service

/// An opened installation: what `serve` and `work` have in common.
struct Installation: Sendable {
    let settings: Settings
    let logger: Logger
    let database: any Database
    let store: DiskStore

    /// Opens the data folder, and migrates its database.
    static func open(_ settings: Settings, logger: Logger) async throws -> Installation {
        let database = try await DataFolder.openDatabase(settings)
        let store = try DiskStore(root: settings.dataDir + "/objects", durable: true)
        return Installation(settings: settings, logger: logger, database: database, store: store)
    }

    var queue: JobQueue { JobQueue(database: database) }

    /// Chunks are made beside the objects, so that publishing is a rename.
    var workDirectory: String { settings.dataDir + "/work" }

    /// - Throws: `Failure` that names what is wrong.
    static func profiles(_ settings: Settings) throws -> [Profile] {
        guard let folder = settings.profilesDir else { return Profile.standard }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure("PROFILES_DIR=\(folder): there is no such folder.")
        }
        do {
            return try Profile.load(directory: folder)
        } catch let error as MediaError {
            throw Failure("PROFILES_DIR=\(folder): \(error.message)")
        }
    }

    /// - Throws: `Failure` that names the profiles that this machine's ffmpeg cannot serve.
    private static func check(_ tools: MediaTools, canEncode profiles: [Profile]) async throws {
        // Without the encoder that every installation needs, `doctor` and the first job have more to say.
        let others = profiles.filter { $0.videoCodec != .h264 }
        guard !others.isEmpty else { return }
        for codec in try await tools.missingCodecs(for: others) {
            let names = others.filter { $0.videoCodec == codec }.map { "\($0.name).json" }
            throw Failure(
                "PROFILES_DIR: \(names.joined(separator: ", ")) needs the encoder \(codec.encoder), which "
                    + "\(tools.ffmpeg ?? "ffmpeg") was built without: install the distribution's full build, or take the "
                    + "profile away."
            )
        }
    }

    /// `folder`: where chunks are made; nil for who only wants to know that everything is there.
    func processingContext(in folder: String? = nil) async throws -> ProcessingContext {
        let profiles = try Self.profiles(settings)
        let tools = await MediaTools.locate()
        guard tools.missing.isEmpty else {
            throw Failure(
                "FFmpeg is not installed: \(tools.missing.joined(separator: " and ")) cannot be found. "
                    + "'telecine doctor' says how to get it."
            )
        }
        try await Self.check(tools, canEncode: profiles)
        for weakness in tools.weaknesses { logger.warning(weakness) }
        return ProcessingContext(
            database: database,
            store: store,
            tools: tools,
            profiles: profiles,
            workDirectory: folder ?? workDirectory,
            youtube: settings.youTube.client.map(YouTubeClient.init),
            logger: logger
        )
    }

    /// What single doors allow.
    private var doors: [String: DoorLimits] {
        var doors = [Tus.door: settings.videoLimits, Resumable.door: settings.videoLimits]
        for (kind, size) in settings.handlingLimits {
            doors[MediaHandling.door(for: kind)] = DoorLimits(maximumSize: size)
        }
        doors[MediaHandling.door] = DoorLimits(maximumSize: settings.handlingLimits.values.max() ?? 0)
        return doors
    }

    /// The upload core as the settings want it.
    func ingest(metrics: Metrics = Metrics()) throws -> Ingest {
        var configuration = IngestConfiguration(
            stagingDirectory: settings.dataDir + "/staging",
            partSize: settings.chunkSize,
            maximumSize: settings.maxUploadSize,
            expiry: settings.uploadExpiry,
            keepFailed: settings.keepFailed,
            doors: doors
        )
        configuration.sync = settings.uploadSync
        configuration.user = settings.userLimits
        // Only originals are left to the system: of what is made of them, the database says that it is there.
        let isCareless = settings.uploadSync == .system
        return try Ingest(
            database: database,
            store: isCareless ? try DiskStore(root: settings.dataDir + "/objects", durable: false) : store,
            configuration: configuration,
            metrics: metrics,
            logger: logger
        )
    }
}
