#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where and within which limits the server serves.
///
/// Every default is safe on the open internet behind a proxy.
package struct ServerConfiguration: Sendable {
    /// An address or a name to listen on; nil and `::` listen on every address, IPv6 and IPv4.
    package var host: String?
    /// Ports that must be free; 0 takes any.
    package var ports: [UInt16] = [3000]
    /// Ports that are only warned about when they are taken.
    package var optionalPorts: [UInt16] = []
    /// Threads that receive and send; so many more join for every 64 connections a thread.
    ///
    /// More than cores, because a stalled disk stalls its thread's other connections.
    package var threads = max(4, 2 * processorCount)
    /// Connections at once; one costs up to 128 KiB.
    ///
    /// The next one gets 503.
    package var connectionLimit = 2048
    /// Connections at once from one IPv4 address or one IPv6 /64 network; 0 for no limit.
    ///
    /// A proxy is one address: where one stands before the server on another machine, leave the limit to it.
    package var connectionsPerAddress = 256
    /// Whether the limit per address also counts loopback addresses: off, because proxies connect from there.
    package var limitsLoopback = false
    /// Bytes of all header fields together; more is 431.
    package var headerBytes = 32 << 10
    /// Number of header fields; more is 431.
    package var headerCount = 128
    /// Bytes of the request target; more is 414.
    package var targetBytes = 8 << 10
    /// From a connection's beginning, or a request's first line, to the end of the head.
    package var headDeadline: Duration = .seconds(15)
    /// How long a connection may wait for its next request.
    package var idle: Duration = .seconds(60)
    /// How long a client may neither send nor take a byte while it should.
    package var stall: Duration = .seconds(60)
    /// Bytes a second that a body must bring, over any ``bodyPatience``.
    package var bodyMinimumRate = 1024
    /// How long a body may bring less than its minimum rate.
    package var bodyPatience: Duration = .seconds(30)
    /// How long what a refused client still sends is read, so that no reset eats the response that says why.
    package var linger: Duration = .seconds(5)
    /// Connections that the kernel holds until they are accepted.
    package var backlog: Int32 = 1024
    /// The clock that clients are held to, in monotonic nanoseconds; tests turn their own.
    var now: @Sendable () -> UInt64 = { Monotonic.now }

    package init() {}

    private static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// A monotonic clock in nanoseconds, for deadlines kept in an atomic.
enum Monotonic {
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds; none for a negative duration.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }
}
