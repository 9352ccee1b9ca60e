internal import API
internal import Core
internal import Media
internal import Service

/// What looks after an installation's health.
extension Installation {
    /// `tools`: as they were found at start.
    func health(_ tools: MediaTools) -> Health {
        // Those that are made at start may be mounts of their own.
        let folders = [settings.dataDir] + ["staging", "objects"].map { "\(settings.dataDir)/\($0)" }
        return Health([
            .database(database), .migrations(database),
            .storage(folders, leaving: settings.readiness.freeSpace),
            .tools([tools.ffmpeg, tools.ffprobe].compactMap(\.self)),
            .workers(database, expected: settings.workers > 0),
            .queue(database, limit: settings.readiness.queueAge),
        ])
    }

    /// For a process that is all services; `metrics` show it too.
    func status(_ tools: MediaTools, showing metrics: Metrics) -> ServiceStatus {
        let health = health(tools)
        let path = DataFolder.databasePath(settings)
        let reader = StatusReader(database: database, folder: settings.dataDir, files: [path, path + "-wal"])
        health.show(in: metrics)
        StatusMetrics.show(reader, in: metrics, logger: logger)
        return ServiceStatus(health: health, checker: StatusChecker(own: health), reader: reader)
    }
}
