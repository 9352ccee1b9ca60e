package import Core
internal import Synchronization

/// Serves HTTP/1.1 on any number of ports.
///
/// TLS, HTTP/2 and the open internet belong to a proxy in front.
package final class Server: Sendable {
    private struct Running {
        let pools: DaemonPools
        let housekeeper: Housekeeper
    }

    private let core: EngineCore
    private let running = Mutex<Running?>(nil)

    /// `handler`: answers every request; what it throws is rendered as ``Response/rendering(_:logger:)`` does.
    ///
    /// `shortcut`: asked first about requests without a body.
    package init(
        configuration: ServerConfiguration,
        logger: Logger,
        handler: @escaping Handler,
        shortcut: @escaping Shortcut = { _ in nil }
    ) {
        core = EngineCore(configuration: configuration, logger: logger, handler: handler, shortcut: shortcut)
    }

    /// Begins to listen.
    ///
    /// To be called once.
    ///
    /// - Returns: the ports that are bound: the required ones in their order, then the optional ones that were free.
    /// - Throws: `ServiceError` that names the port that cannot be bound.
    package func start() throws -> [UInt16] {
        let listeners = try Listeners(core.configuration, logger: core.logger)
        let pools: DaemonPools
        do {
            pools = try DaemonPools(core)
        } catch {
            listeners.close()
            throw error
        }
        let housekeeper: Housekeeper
        do {
            housekeeper = try Housekeeper(core, pools, listeners: listeners.descriptors)
        } catch {
            pools.stop()
            listeners.close()
            throw error
        }
        core.setLingering { housekeeper.linger($0) }
        running.withLock { $0 = Running(pools: pools, housekeeper: housekeeper) }
        housekeeper.start()
        return listeners.ports
    }

    /// Stops listening, lets the requests in flight end, and stops.
    ///
    /// Idle connections are closed at once; every response from now on ends its connection. What is not over at the
    /// deadline is cut: bodies end as if the client had left, handlers and streams are cancelled, and get the grace to
    /// return.
    package func shutdown(deadline: Duration, grace: Duration = .seconds(5)) async {
        guard
            let running = running.withLock({ running in
                defer { running = nil }
                return running
            })
        else { return }
        core.isDraining.store(true, ordering: .relaxed)
        running.housekeeper.stopAccepting()
        let isDrained = await wait(running, deadline) { $0.closeIfIdle() }
        if !isDrained {
            core.logger.warning(
                "requests cut at shutdown",
                ["count": .integer(Int64(core.requests.load(ordering: .relaxed)))]
            )
            _ = await wait(running, grace) { $0.abort() }
        }
        await stop(running)
    }

    /// Handlers that run now.
    var handlerCount: Int { core.handlers.load(ordering: .acquiring) }

    /// Waits until no connection and no handler is left, treating every connection with `body` now and then.
    ///
    /// Connections, not requests: one that is still open may begin a request at any moment.
    private func wait(
        _ running: Running,
        _ limit: Duration,
        _ body: @Sendable (Connection) -> Void
    ) async -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            core.all.forEach(body)
            let isQuiet = core.admission.isEmpty && core.handlers.load(ordering: .acquiring) == 0
            if isQuiet && running.housekeeper.hasClosed { return true }
            guard ContinuousClock.now < end else { return false }
            await Self.pause(.milliseconds(10))
        }
    }

    private func stop(_ running: Running) async {
        running.housekeeper.stop()
        while !running.housekeeper.hasEnded { await Self.pause(.milliseconds(5)) }
        core.setLingering(nil)
        guard core.admission.isEmpty else {
            // The engine aborts the process when it is stopped with a suspended connection: a thread that a disk
            // holds is left behind instead, and the process ends without it.
            core.logger.error("the HTTP engine still holds requests and is left running", [:])
            return
        }
        await withCheckedContinuation { continuation in
            // Joins the engine's threads: not for the cooperative pool.
            Threads.run {
                running.pools.stop()
                continuation.resume()
            }
        }
    }

    /// Sleeps although the calling task may be cancelled: a shutdown is often what cancelled it.
    private static func pause(_ duration: Duration) async {
        await Task.detached { try? await Task.sleep(for: duration) }.value
    }
}
