internal import Synchronization

/// Counts connections, in all and by network, and says no to the one too many.
final class Admission: Sendable {
    private struct State {
        var total = 0
        var networks: [[UInt8]: Int] = [:]
    }

    private let limit: Int
    private let limitPerNetwork: Int
    private let countsLoopback: Bool
    private let state = Mutex(State())

    init(_ configuration: ServerConfiguration) {
        limit = configuration.connectionLimit
        limitPerNetwork = configuration.connectionsPerAddress
        countsLoopback = configuration.limitsLoopback
    }

    /// Connections that were let in and are open.
    var count: Int { state.withLock { $0.total } }

    /// Whether every connection that was let in is closed.
    var isEmpty: Bool { count == 0 }

    /// Counts a connection in; false when there is no place for it.
    func admit(_ address: SocketAddress) -> Bool {
        let network = counted(address)
        return state.withLock { state in
            guard state.total < limit else { return false }
            if let network {
                let count = state.networks[network, default: 0]
                guard count < limitPerNetwork else { return false }
                state.networks[network] = count + 1
            }
            state.total += 1
            return true
        }
    }

    /// Counts a connection out that ``admit(_:)`` let in.
    func release(_ address: SocketAddress) {
        let network = counted(address)
        state.withLock { state in
            state.total -= 1
            guard let network, let count = state.networks[network] else { return }
            state.networks[network] = count > 1 ? count - 1 : nil
        }
    }

    /// The network to count for; nil when it has no limit.
    private func counted(_ address: SocketAddress) -> [UInt8]? {
        limitPerNetwork > 0 && (countsLoopback || !address.isLoopback) ? address.network : nil
    }
}
