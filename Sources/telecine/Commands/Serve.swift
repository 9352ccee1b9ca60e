internal import API
internal import Core
internal import Foundation
internal import HTTP
internal import Service
internal import SQL

/// `telecine serve`.
enum Serve {
    static let command = Command(
        name: "serve",
        summary: "Run the service: HTTP, and the workers it starts itself.",
        discussion: "SIGTERM lets what is under way come to its end. All settings: 'telecine settings'.",
        options: [
            Command.Option(SettingsTable.port), Command.Option(SettingsTable.host),
            Command.Option(SettingsTable.dataDir), Command.Option(SettingsTable.publicURL),
        ].compactMap(\.self),
        run: run
    )

    /// The ports that the contracts show (contracts/README, "Ports"); a busy one is a warning.
    private static let contractPorts: [UInt16] = [3001, 3002, 3003, 3006, 8000]
    /// How long requests under way may take after SIGTERM.
    private static let drain = Duration.seconds(25)

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        Console.outliveReaders()
        OpenFiles.raiseLimit()
        let settings = try invocation.settings()
        let logger = LogSink.logger(level: settings.logLevel, format: settings.logFormat, console: invocation.console)
        for notice in settings.notices { logger.warning(notice) }
        let lock = try DataFolder.lock(settings)
        defer { lock.release() }
        let installation = try await Installation.open(settings, logger: logger)
        let accounts = try DataFolder.accounts(settings, installation.database)
        // Said at once, not when the first video fails.
        let tools = try await installation.processingContext().tools
        try WorkFolder.sweep(installation.workDirectory)
        let metrics = Metrics()
        let ingest = try installation.ingest(metrics: metrics)
        try await ingest.recover()
        let catalog = Catalog(database: installation.database, trashPeriod: settings.trashPeriod)
        let delivery = try makeDelivery(installation, catalog, metrics)
        try await delivery.loadRevocations()
        let status = installation.status(tools, showing: metrics)
        let insight = makeInsight(installation, metrics)
        let api = makeAPI(installation, accounts, ingest, delivery, status, insight, metrics)
        let server = Server(
            configuration: serverConfiguration(settings),
            logger: logger,
            handler: try api.handler(),
            shortcut: api.shortcut
        )
        let ports = try server.start()
        try await announce(ports, settings, accounts, invocation.console)
        try await Interruption.cancels {
            await withDiscardingTaskGroup { group in
                group.addTask { await delivery.followRevocations(logger: logger) }
                group.addTask { await catalog.keepIndexed(logger: logger) }
                group.addTask { await insight.run() }
                group.addTask {
                    let upkeep = upkeep(installation, ingest, catalog, insight)
                    await serve(server, ingest, upkeep, supervisor(installation, invocation, metrics))
                }
            }
        }
        // What players said until the last connection ended.
        await insight.flush()
        await installation.database.close()
        logger.info("stopped")
        return .done
    }

    /// Runs until the task is cancelled, then drains.
    private static func serve(
        _ server: Server,
        _ ingest: Ingest,
        _ upkeep: Upkeep,
        _ supervisor: WorkerSupervisor
    ) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await ingest.runBackground() }
            group.addTask { await upkeep.run() }
            group.addTask { await supervisor.run() }
            group.addTask {
                // Sleeps until it is cancelled.
                do { while true { try await Task.sleep(for: .seconds(86_400)) } } catch {}
                await server.shutdown(deadline: drain)
            }
        }
    }

    private static func upkeep(
        _ installation: Installation,
        _ ingest: Ingest,
        _ catalog: Catalog,
        _ insight: Insight
    ) -> Upkeep {
        let settings = installation.settings
        return Upkeep(
            database: installation.database,
            ingest: ingest,
            catalog: catalog,
            insight: insight,
            configuration: Upkeep.Configuration(
                hour: settings.cleanupTime.hour,
                minute: settings.cleanupTime.minute,
                keepFailed: settings.keepFailed,
                keepAudit: settings.gateway.keepAudit
            ),
            logger: installation.logger
        )
    }

    private static func makeDelivery(
        _ installation: Installation,
        _ catalog: Catalog,
        _ metrics: Metrics
    ) throws -> Delivery {
        let settings = installation.settings
        let secret = try TokenSecret(configured: settings.jwtSecret, dataDir: settings.dataDir)
        return Delivery(
            database: installation.database,
            catalog: catalog,
            store: installation.store,
            keys: StreamKeys(secrets: [secret.key(for: "stream links")]),
            expiresIn: Int(settings.linkLifetime.components.seconds),
            metrics: metrics,
            logger: installation.logger
        )
    }

    private static func makeInsight(_ installation: Installation, _ metrics: Metrics) -> Insight {
        let settings = installation.settings
        return Insight(
            database: installation.database,
            configuration: Insight.Configuration(
                retention: settings.analyticsRetention,
                addresses: settings.analyticsAddresses
            ),
            metrics: metrics,
            logger: installation.logger
        )
    }

    private static func makeAPI(
        _ installation: Installation,
        _ accounts: Accounts,
        _ ingest: Ingest,
        _ delivery: Delivery,
        _ status: ServiceStatus,
        _ insight: Insight,
        _ metrics: Metrics
    ) -> TelecineAPI {
        let settings = installation.settings
        var configuration = TelecineAPI.Configuration()
        configuration.publicURL = settings.publicURL
        configuration.trustedProxies = settings.trustedProxies
        configuration.metricsAllowed = settings.metricsAllow
        configuration.limits = settings.gateway.limits
        configuration.servicePorts = servicePorts(settings)
        configuration.corsOrigins = settings.gateway.corsOrigins.contains("*") ? nil : settings.gateway.corsOrigins
        return TelecineAPI(
            configuration: configuration,
            accounts: accounts,
            ingest: ingest,
            catalog: delivery.catalog,
            delivery: delivery,
            insight: insight,
            sharing: Sharing(database: installation.database, delivery: delivery),
            status: status,
            metrics: metrics,
            logger: installation.logger
        )
    }

    /// The ports at which one service of contract 1 is meant; the main one is all of them.
    private static func servicePorts(_ settings: Settings) -> [UInt16: ServiceName] {
        guard settings.contractPorts else { return [:] }
        var ports: [UInt16: ServiceName] = [:]
        for service in ServiceName.allCases where service != .gateway {
            if let port = service.port { ports[port] = service }
        }
        ports[UInt16(settings.port)] = nil
        return ports
    }

    private static func serverConfiguration(_ settings: Settings) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.host = settings.host == "0.0.0.0" ? nil : settings.host
        configuration.ports = [UInt16(settings.port)]
        configuration.optionalPorts = settings.contractPorts ? contractPorts : []
        return configuration
    }

    private static func supervisor(
        _ installation: Installation,
        _ invocation: Invocation,
        _ metrics: Metrics
    ) -> WorkerSupervisor {
        let restarts = metrics.counter("telecine_worker_restarts_total", "Workers that ended and were started again.")
        // Relative folders mean what they mean here: the children start in the same folder.
        return WorkerSupervisor(
            count: installation.settings.workers,
            executable: Bundle.main.executablePath ?? CommandLine.arguments[0],
            arguments: ["--data", installation.settings.dataDir],
            onRestart: { restarts.add() },
            queue: installation.queue,
            logger: installation.logger
        )
    }

    /// Where to go, and the way to the first administrator while there is none.
    ///
    /// On standard output: for people and scripts, not for the log.
    private static func announce(
        _ ports: [UInt16],
        _ settings: Settings,
        _ accounts: Accounts,
        _ console: Console
    ) async throws {
        let local = "http://localhost:\(ports[0])"
        let base = settings.publicURL ?? local
        console.print("Telecine is ready on \(local)")
        if base != local { console.print("Its users reach it on \(base)") }
        if let token = try await accounts.firstAdminToken() {
            console.print("Make the first administrator here, once: \(base)/setup?token=\(token)")
        }
    }
}
