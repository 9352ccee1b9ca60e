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
        discussion: "SIGTERM lets what is under way come to its end. All settings: 'telecine settings'. "
            + "With --only each of contract 1's services is a process; all of them use one data folder.",
        options: [
            ServiceChoice.option,
            Command.Option(SettingsTable.port), Command.Option(SettingsTable.host),
            Command.Option(SettingsTable.dataDir), Command.Option(SettingsTable.publicURL),
            Command.Option("--json", help: "Say as a line of JSON where it is ready; log as JSON on a terminal too."),
        ].compactMap(\.self),
        run: run
    )

    /// The ports that the contracts show (contracts/README, "Ports"); a busy one is a warning.
    private static let contractPorts: [UInt16] = [3001, 3002, 3003, 3006, 8000]
    /// How long requests under way may take after SIGTERM.
    private static let drain = Duration.seconds(25)

    /// SIGTERM is honoured from here on: whoever has read that it is ready may send it at once, and a start that
    /// takes long need not come to its end.
    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        try await Interruption.cancels {
            do {
                try await runUntilCancelled(invocation)
            } catch {
                guard Task.isCancelled else { throw error }
                invocation.console.note("telecine: stopped before it was ready")
            }
            return .done
        }
    }

    private static func runUntilCancelled(_ invocation: Invocation) async throws {
        Console.outliveReaders()
        OpenFiles.raiseLimit()
        let settings = try invocation.settings()
        let logger = LogSink.logger(for: settings, invocation, console: invocation.console)
        for notice in settings.notices { logger.warning(notice) }
        let only = try ServiceChoice.named(in: invocation.arguments)
        let lock = try DataFolder.lock(settings, for: only)
        defer { lock.release() }
        let installation = try await Installation.open(settings, logger: logger)
        let accounts = try DataFolder.accounts(settings, installation.database)
        try WorkFolder.sweep(installation.workDirectory)
        let work = try WorkFolder.take(in: installation.workDirectory)
        defer { work.release() }
        // Said at once, not when the first video fails.
        let processing = try await installation.processingContext(in: work.path)
        let metrics = Metrics()
        // Who does not receive counts nothing of it.
        let ingest = try installation.ingest(metrics: only.does(.uploads) ? metrics : Metrics())
        if only.does(.uploads) { try await ingest.recover() }
        let delivery = try makeDelivery(installation, metrics)
        try await delivery.loadRevocations()
        // What is being received is known where it is received: elsewhere nothing plays before its end.
        let early = only.isAll ? EarlyPlay(ingest: ingest, delivery: delivery, context: processing) : nil
        let status = installation.status(processing.tools, of: only, showing: metrics)
        let insight = makeInsight(installation, metrics)
        let port = try only.port(invocation, settings)
        var configuration = apiConfiguration(settings, only, port: port)
        configuration.role = try only.role(installation)
        let api = makeAPI(configuration, installation, accounts, ingest, delivery, early, status, insight, metrics)
        let server = try makeServer(api, serverConfiguration(settings, only, port: port), logger)
        let token = only.does(.gateway) ? try await accounts.firstAdminToken() : nil
        try Task.checkCancellation()
        try announce(try server.start(), only, settings, token, invocation)
        await withDiscardingTaskGroup { group in
            group.addTask { await delivery.followRevocations(logger: logger) }
            group.addTask { await insight.run() }
            group.addTask {
                await runDuties(of: only, installation, invocation, ingest, delivery.catalog, insight, metrics)
            }
            group.addTask { await serve(server) }
        }
        await end(installation, insight)
    }

    /// Writes what players said until the last connection ended, then closes the database.
    private static func end(_ installation: Installation, _ insight: Insight) async {
        await insight.flush()
        await installation.database.close()
        installation.logger.info("stopped")
    }

    private static func makeServer(
        _ api: TelecineAPI,
        _ configuration: ServerConfiguration,
        _ logger: Logger
    ) throws -> Server {
        Server(configuration: configuration, logger: logger, handler: try api.handler(), shortcut: api.shortcut)
    }

    /// What is to be done beside answering, each by one service, until the task is cancelled.
    private static func runDuties(
        of only: ServiceChoice,
        _ installation: Installation,
        _ invocation: Invocation,
        _ ingest: Ingest,
        _ catalog: Catalog,
        _ insight: Insight,
        _ metrics: Metrics
    ) async {
        await withDiscardingTaskGroup { group in
            if only.does(.uploads) { group.addTask { await ingest.runBackground() } }
            if only.does(.content) {
                group.addTask { await catalog.keepIndexed(logger: installation.logger) }
                group.addTask { await upkeep(installation, ingest, catalog, insight).run() }
            }
            if only.does(.streaming) { group.addTask { await supervisor(installation, invocation, metrics).run() } }
        }
    }

    /// Runs until the task is cancelled, then drains.
    private static func serve(_ server: Server) async {
        // Sleeps until it is cancelled.
        do { while true { try await Task.sleep(for: .seconds(86_400)) } } catch {}
        await server.shutdown(deadline: drain)
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

    private static func makeDelivery(_ installation: Installation, _ metrics: Metrics) throws -> Delivery {
        let settings = installation.settings
        let secret = try TokenSecret(configured: settings.jwtSecret, dataDir: settings.dataDir)
        return Delivery(
            database: installation.database,
            catalog: Catalog(database: installation.database, trashPeriod: settings.trashPeriod),
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

    private static func apiConfiguration(
        _ settings: Settings,
        _ only: ServiceChoice,
        port: UInt16
    ) -> TelecineAPI.Configuration {
        var configuration = TelecineAPI.Configuration()
        configuration.publicURL = settings.publicURL
        configuration.trustedProxies = settings.trustedProxies
        configuration.metricsAllowed = settings.metricsAllow
        configuration.limits = settings.gateway.limits
        configuration.anonymous = settings.gateway.anonymous
        configuration.servicePorts = only.service.map { [port: $0] } ?? servicePorts(settings)
        configuration.corsOrigins = settings.gateway.corsOrigins.contains("*") ? nil : settings.gateway.corsOrigins
        return configuration
    }

    private static func makeAPI(
        _ configuration: TelecineAPI.Configuration,
        _ installation: Installation,
        _ accounts: Accounts,
        _ ingest: Ingest,
        _ delivery: Delivery,
        _ early: EarlyPlay?,
        _ status: ServiceStatus,
        _ insight: Insight,
        _ metrics: Metrics
    ) -> TelecineAPI {
        TelecineAPI(
            configuration: configuration,
            accounts: accounts,
            ingest: ingest,
            catalog: delivery.catalog,
            delivery: delivery,
            early: early,
            insight: insight,
            sharing: Sharing(database: installation.database, delivery: delivery),
            youtube: YouTube(catalog: delivery.catalog, publishers: installation.settings.youTube.publishers),
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

    private static func serverConfiguration(
        _ settings: Settings,
        _ only: ServiceChoice,
        port: UInt16
    ) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.host = settings.host == "0.0.0.0" ? nil : settings.host
        configuration.ports = [port]
        configuration.optionalPorts = settings.contractPorts && only.isAll ? contractPorts : []
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

    /// What `--json` says at the start.
    private struct Readiness: Encodable {
        /// The one of `--only`.
        let service: String?
        let url: String
        let publicURL: String
        let firstAdminLink: String?
    }

    /// Where to go, and the way to the first administrator while there is none.
    ///
    /// On standard output: for people and scripts, not for the log.
    private static func announce(
        _ ports: [UInt16],
        _ only: ServiceChoice,
        _ settings: Settings,
        _ token: String?,
        _ invocation: Invocation
    ) throws {
        let console = invocation.console
        let local = "http://localhost:\(ports[0])"
        guard !invocation.isJSON else {
            let base = settings.publicURL ?? local
            let link = token.map { "\(base)/setup?token=\($0)" }
            return try console.print(
                jsonLine: Readiness(service: only.service?.rawValue, url: local, publicURL: base, firstAdminLink: link)
            )
        }
        console.print("Telecine\(only.service.map { "'s \($0.rawValue)" } ?? "") is ready on \(local)")
        guard only.does(.gateway) else { return }
        let base = settings.publicURL ?? local
        if base != local { console.print("Its users reach it on \(base)") }
        if let token {
            console.print("Make the first administrator here, once: \(base)/setup?token=\(token)")
        }
    }
}
