internal import Core
internal import Synchronization

/// What all connections of a server share.
final class EngineCore: Sendable {
    let configuration: ServerConfiguration
    let logger: Logger
    let handler: Handler
    let shortcut: Shortcut
    let admission: Admission
    /// Requests whose first line has come and that are not completed.
    let requests = Atomic<Int>(0)
    /// Handlers that run.
    let handlers = Atomic<Int>(0)
    /// Whether every response ends its connection.
    let isDraining = Atomic<Bool>(false)
    private let connections = Mutex<[ObjectIdentifier: Connection]>([:])
    /// Takes a descriptor to read out and close.
    private let lingering = Mutex<(@Sendable (Int32) -> Void)?>(nil)

    init(
        configuration: ServerConfiguration,
        logger: Logger,
        handler: @escaping Handler,
        shortcut: @escaping Shortcut
    ) {
        self.configuration = configuration
        self.logger = logger
        self.handler = handler
        self.shortcut = shortcut
        admission = Admission(configuration)
    }

    var all: [Connection] { connections.withLock { Array($0.values) } }

    func setLingering(_ body: (@Sendable (Int32) -> Void)?) { lingering.withLock { $0 = body } }

    func opened(_ connection: Connection) {
        connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    }

    func closed(_ connection: Connection) {
        _ = connections.withLock { $0.removeValue(forKey: ObjectIdentifier(connection)) }
        let descriptor = connection.end()
        admission.release(connection.address)
        guard descriptor >= 0 else { return }
        if let linger = lingering.withLock({ $0 }) {
            linger(descriptor)
        } else {
            Sockets.close(descriptor)
        }
    }
}
