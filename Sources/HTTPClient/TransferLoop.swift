internal import CCurl
internal import Dispatch
internal import Synchronization

/// The one thread that runs all requests of a client.
///
/// `@unchecked Sendable`: `transfers` and the multi handle belong to the loop's thread, but for `curl_multi_wakeup`,
/// which any thread may call (curl's manual says so).
final class TransferLoop: @unchecked Sendable {
    private enum Command {
        case add(Transfer)
        case cancel(Transfer)
        /// The other side of a body has moved on.
        case proceed(Transfer)
        case stop
    }

    /// How often deadlines are looked at, while there is a request.
    private static let tick: Int32 = 250
    private static let isReady = ccurl_start() == CURLE_OK

    private let multi: UnsafeMutableRawPointer
    let sockets = SocketTable()
    private let commands = Mutex<[Command]>([])
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

    init(idleConnections: Int) {
        precondition(Self.isReady, "libcurl does not start")
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory") }
        self.multi = multi
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, idleConnections)
        // A thread for the client's life: a serial queue of its own has one.
        DispatchQueue(label: "telecine.http-client").async { self.run() }
    }

    deinit { curl_multi_cleanup(multi) }

    func add(_ transfer: Transfer) { give(.add(transfer)) }

    func cancel(_ transfer: Transfer) { give(.cancel(transfer)) }

    func proceed(_ transfer: Transfer) { give(.proceed(transfer)) }

    /// What is under way is broken off; nothing is added from here on.
    ///
    /// The handle lives as long as somebody may wake it: a body that is still held.
    func stop() { give(.stop) }

    private func give(_ command: Command) {
        commands.withLock { $0.append(command) }
        curl_multi_wakeup(multi)
    }

    // MARK: The thread

    private func run() {
        var isStopped = false
        while !isStopped {
            let waiting = commands.withLock { commands in
                defer { commands = [] }
                return commands
            }
            for command in waiting {
                if case .stop = command { isStopped = true } else { obey(command) }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            gather()
            for transfer in transfers.values {
                if let error = transfer.reasonToEnd() { end(transfer, .failure(error)) }
            }
            curl_multi_poll(multi, nil, 0, isStopped ? 0 : transfers.isEmpty ? 60_000 : Self.tick, nil)
        }
        for transfer in transfers.values { end(transfer, .failure(CancellationError())) }
    }

    private func obey(_ command: Command) {
        switch command {
        case .add(let transfer):
            guard !transfer.isCancelled else { return transfer.end(.failure(CancellationError())) }
            guard let handle = transfer.start() else {
                return transfer.end(.failure(HTTPClientError.unreachable("libcurl has no memory")))
            }
            transfers[handle] = transfer
            curl_multi_add_handle(multi, handle)
        case .cancel(let transfer): end(transfer, .failure(CancellationError()))
        case .proceed(let transfer): transfer.proceed()
        case .stop: break
        }
    }

    /// Ends what has come to its end.
    private func gather() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let transfer = transfers[handle]
            else { continue }
            let code = ccurl_result(message)
            end(transfer, code == CURLE_OK ? .success(()) : .failure(transfer.error(for: code)))
        }
    }

    private func end(_ transfer: Transfer, _ result: Result<Void, any Error>) {
        if let handle = transfer.handle, transfers.removeValue(forKey: handle) != nil {
            curl_multi_remove_handle(multi, handle)
        }
        transfer.end(result)
    }
}
