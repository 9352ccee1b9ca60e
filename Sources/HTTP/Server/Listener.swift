internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The listening sockets of a server.
struct Listeners: Sendable {
    private(set) var descriptors: [Int32] = []
    private(set) var ports: [UInt16] = []

    /// Binds every port of the configuration, or nothing.
    ///
    /// - Throws: `ServiceError(.unavailable)` that names the port and what is wrong with it.
    init(_ configuration: ServerConfiguration, logger: Logger) throws {
        for port in configuration.ports {
            do throws(SocketError) {
                try open(configuration, port)
            } catch {
                close()
                let place = "\(configuration.host.map { "\($0) " } ?? "")port \(port)"
                throw ServiceError(.unavailable, "Cannot listen on \(place): \(error).")
            }
        }
        for port in configuration.optionalPorts {
            do throws(SocketError) {
                try open(configuration, port)
            } catch {
                logger.warning(
                    "port left out",
                    ["port": .integer(Int64(port)), "reason": .string(error.description)]
                )
            }
        }
    }

    func close() {
        for descriptor in descriptors { Sockets.close(descriptor) }
    }

    /// Listens on one port of every address that is meant.
    private mutating func open(_ configuration: ServerConfiguration, _ port: UInt16) throws(SocketError) {
        var bound: [(Int32, UInt16)] = []
        var chosen = port
        do throws(SocketError) {
            for var address in try addresses(configuration.host, port) {
                // The second address of a name gets the port that the first one was given.
                address.port = chosen
                let listener = try Sockets.listen(on: address, backlog: configuration.backlog).get()
                bound.append(listener)
                chosen = listener.1
            }
        } catch {
            for (descriptor, _) in bound { Sockets.close(descriptor) }
            throw error
        }
        descriptors += bound.map(\.0)
        ports.append(chosen)
    }

    private func addresses(_ host: String?, _ port: UInt16) throws(SocketError) -> [SocketAddress] {
        // Elsewhere `::` means IPv4 too, and a machine's `localhost` may be either.
        guard let host, host != "::" else {
            // A kernel without IPv6 has no such sockets.
            let hasIPv6 = Sockets.supports(AF_INET6)
            return [.every(hasIPv6 ? AF_INET6 : AF_INET, port: port)]
        }
        let found = SocketAddress.resolve(host, port: port)
        guard !found.isEmpty else { throw SocketError(code: EADDRNOTAVAIL) }
        return found
    }
}
