internal import Core

/// The engine, as many times as the connections need.
///
/// A thread polls all of its connections for every piece that one of them brings: with 1,000 slow uploads on four
/// threads, a fast one beside them kept 0.45 of its speed alone, with 64 connections a thread 0.54. More threads from
/// the beginning are no answer: 32 connections on 16 threads got 0.3 of the small responses a second that they get
/// on four, because each thread then wakes for one of them.
///
/// `@unchecked Sendable`: changed on the housekeeper's thread alone, and by `stop` after that thread has ended.
final class DaemonPools: @unchecked Sendable {
    private static let connectionsPerThread = 64
    private static let limit = 8

    private let core: EngineCore
    private var pools: [Daemon]

    init(_ core: EngineCore) throws {
        self.core = core
        pools = [try Daemon(core)]
    }

    /// Gives a connection to a pool, which closes it in any case.
    ///
    /// The pool follows from how many are open: the first ones share the first pool.
    func add(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
        let index = core.admission.count / (Self.connectionsPerThread * core.configuration.threads)
        if index >= pools.count, pools.count < Self.limit {
            do {
                pools.append(try Daemon(core))
            } catch {
                core.logger.warning("no further threads for connections", ["reason": .string("\(error)")])
            }
        }
        return pools[min(index, pools.count - 1)].add(descriptor, address)
    }

    /// Ends the threads and closes every connection.
    ///
    /// None may be suspended: the engine aborts the process otherwise.
    func stop() { pools.forEach { $0.stop() } }
}
