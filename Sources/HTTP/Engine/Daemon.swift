internal import CMicroHTTP
internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// libmicrohttpd, running: a pool of threads that poll connections given to it.
///
/// It has no listening socket of its own: every pool serves every port, and nothing is accepted that has no place.
/// Poll, never epoll: 0.9.75 to 1.0.1 block in epoll mode when exactly 128 events are ready.
///
/// `@unchecked Sendable`: the pointer is used by the housekeeper's thread alone to add connections, and by `stop`
/// after that thread has ended.
final class Daemon: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let core: Unmanaged<EngineCore>
    private let logger: UnsafeMutablePointer<cmhd_logger>

    init(_ core: EngineCore) throws {
        let configuration = core.configuration
        let context = Unmanaged.passRetained(core)
        let flags =
            MHD_USE_POLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
            | MHD_USE_ERROR_LOG.rawValue | MHD_USE_NO_LISTEN_SOCKET.rawValue
        logger = .allocate(capacity: 1)
        logger.initialize(to: cmhd_logger(write: EngineCallbacks.log, context: context.toOpaque()))
        var options = Self.options(configuration, context.toOpaque(), logger)
        let started = options.withUnsafeMutableBufferPointer { list -> OpaquePointer? in
            guard let base = list.baseAddress else { return nil }
            let arguments: [any CVarArg] = [MHD_OPTION.ARRAY.rawValue, base, MHD_OPTION.END.rawValue]
            return Threads.withSignalsBlocked {
                withVaList(arguments) {
                    MHD_start_daemon_va(flags, 0, nil, nil, EngineCallbacks.access, context.toOpaque(), $0)
                }
            }
        }
        guard let started else {
            context.release()
            logger.deallocate()
            throw ServiceError(.internalFailure, "The HTTP engine does not start.", detail: "errno \(errno)")
        }
        pointer = started
        self.core = context
    }

    private static func options(
        _ configuration: ServerConfiguration,
        _ context: UnsafeMutableRawPointer,
        _ logger: UnsafeMutableRawPointer
    ) -> [MHD_OptionItem] {
        // A function's address goes through the value of its option.
        func address<Function>(_ function: Function) -> Int {
            Int(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self))
        }
        let threads = max(2, configuration.threads)
        return [
            // The log first: it also gets what is wrong with the others.
            .init(option: .EXTERNAL_LOGGER, value: Int(bitPattern: cmhd_log_function()), ptr_value: logger),
            .init(option: .CONNECTION_MEMORY_LIMIT, value: 128 << 10, ptr_value: nil),
            // Our own admission counts; the engine divides this among its threads, each of which may have all.
            .init(option: .CONNECTION_LIMIT, value: configuration.connectionLimit * threads, ptr_value: nil),
            .init(
                option: .CONNECTION_TIMEOUT,
                value: Int(max(1, configuration.stall.components.seconds)),
                ptr_value: nil
            ),
            .init(option: .THREAD_POOL_SIZE, value: threads, ptr_value: nil),
            .init(option: .NOTIFY_CONNECTION, value: address(EngineCallbacks.connection), ptr_value: context),
            .init(option: .URI_LOG_CALLBACK, value: address(EngineCallbacks.requestLine), ptr_value: context),
            .init(option: .NOTIFY_COMPLETED, value: address(EngineCallbacks.completed), ptr_value: context),
            // Not STRICT_FOR_CLIENT: 0.9.75 sends its refusal of a missing Host twice. Our own rules are stricter.
            .init(option: .END, value: 0, ptr_value: nil),
        ]
    }

    /// Gives a connection to the pool, which closes it in any case.
    func add(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
        address.withSockaddr { MHD_add_connection(pointer, descriptor, $0, $1) == .YES }
    }

    /// Ends the threads and closes every connection.
    ///
    /// None may be suspended: the engine aborts the process otherwise.
    func stop() {
        MHD_stop_daemon(pointer)
        core.release()
        logger.deallocate()
    }
}
