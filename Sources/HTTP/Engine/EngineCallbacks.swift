internal import CMicroHTTP
internal import Core
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The C functions that the engine calls, on its threads.
enum EngineCallbacks {
    /// A connection begins or ends.
    static let connection:
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
            MHD_ConnectionNotificationCode
        ) -> Void = { context, pointer, slot, event in
            guard let core = core(context), let pointer, let slot else { return }
            if event == MHD_ConnectionNotificationCode(rawValue: 0) {
                let address = cmhd_client_address(pointer).map { SocketAddress($0) } ?? SocketAddress()
                let connection = Connection(
                    descriptor: cmhd_connection_fd(pointer),
                    address: address,
                    core.configuration
                )
                core.opened(connection)
                slot.pointee = Unmanaged.passRetained(connection).toOpaque()
            } else if let stored = slot.pointee {
                slot.pointee = nil
                core.closed(Unmanaged<Connection>.fromOpaque(stored).takeRetainedValue())
            }
        }

    /// A request's first line has come.
    ///
    /// What this returns is the request's context from now on.
    ///
    /// The target is taken here, because later the engine has unescaped it and it stops at `%00`.
    static let requestLine:
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
            context,
            target,
            pointer in
            guard let core = core(context), let pointer, let stored = cmhd_socket_context(pointer) else { return nil }
            let connection = Unmanaged<Connection>.fromOpaque(stored).takeUnretainedValue()
            let exchange = Exchange(
                core: core,
                connection: connection,
                handle: EngineHandle(pointer: pointer),
                target: target.flatMap { String(validatingCString: $0) }
            )
            connection.headBegan(exchange, within: core.configuration.headDeadline)
            return Unmanaged.passRetained(exchange).toOpaque()
        }

    /// The head, bytes of the body, or the whole request: see ``Exchange``.
    static let access:
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
            UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeMutablePointer<Int>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> MHD_Result = { _, pointer, _, method, version, data, size, slot in
            guard let pointer, let size, let stored = slot?.pointee else { return .NO }
            let exchange = Unmanaged<Exchange>.fromOpaque(stored).takeUnretainedValue()
            if let data, size.pointee > 0 {
                let bytes = UnsafeRawBufferPointer(start: data, count: size.pointee)
                guard let taken = exchange.bodyArrived(bytes) else { return .NO }
                size.pointee -= taken
                return .YES
            }
            guard exchange.isAtHead else { return exchange.requestArrived(pointer) }
            let method = HTTPMethod(rawValue: method.map { String(cString: $0) } ?? "")
            let isOld = version.map { strcmp($0, "HTTP/1.0") == 0 } ?? true
            return exchange.headArrived(pointer, method: method, isOld: isOld)
        }

    /// A request is over, well or not.
    static let completed:
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
            MHD_RequestTerminationCode
        ) -> Void = { _, _, slot, _ in
            guard let slot, let stored = slot.pointee else { return }
            slot.pointee = nil
            Unmanaged<Exchange>.fromOpaque(stored).takeRetainedValue().completed()
        }

    /// The engine's own messages: mostly clients that left.
    static let log: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void = { context, text in
        guard let core = core(context), let text else { return }
        core.logger.debug("http engine", ["text": .string(String(cString: text))])
    }

    private static func core(_ context: UnsafeMutableRawPointer?) -> EngineCore? {
        context.map { Unmanaged<EngineCore>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension Exchange {
    var isAtHead: Bool {
        state.withLock { state in
            if case .head = state.phase { return true }
            return false
        }
    }
}
