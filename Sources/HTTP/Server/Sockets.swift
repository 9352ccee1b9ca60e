internal import CMicroHTTP

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The few socket calls that the engine does not make itself.
enum Sockets {
    /// A bound, listening, non-blocking socket.
    ///
    /// - Returns: the descriptor and the port, or the `errno` of what failed.
    static func listen(on address: SocketAddress, backlog: Int32) -> Result<(Int32, UInt16), SocketError> {
        let descriptor = socket(address.family, Self.streamType, 0)
        guard descriptor >= 0 else { return .failure(SocketError(code: errno)) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isDual ? 0 : 1) }
        makeNonBlocking(descriptor)
        let bound = address.withSockaddr { bind(descriptor, $0, $1) }
        #if canImport(Glibc)
            let listening = bound == 0 ? Glibc.listen(descriptor, backlog) : -1
        #else
            let listening = bound == 0 ? Darwin.listen(descriptor, backlog) : -1
        #endif
        guard listening == 0, let port = SocketAddress(localEndOf: descriptor)?.port else {
            defer { close(descriptor) }
            return .failure(SocketError(code: errno))
        }
        return .success((descriptor, port))
    }

    /// The next connection that waits; -1 when there is none or the process has no descriptor left (`errno` tells).
    static func acceptNext(_ listener: Int32) -> (Int32, SocketAddress) {
        var address = SocketAddress()
        let descriptor = address.withMutableSockaddr { cmhd_accept(listener, $0, $1) }
        #if !canImport(Glibc)
            if descriptor >= 0 { makeNonBlocking(descriptor) }
        #endif
        return (descriptor, address)
    }

    /// Sends what the socket takes at once; never blocks, raises no signal.
    ///
    /// - Returns: whether all of it was taken.
    @discardableResult
    static func sendNow(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        sendSome(descriptor, bytes) == bytes.count
    }

    /// As ``sendNow(_:_:)``.
    ///
    /// - Returns: how many bytes were taken; -1 when none could be.
    static func sendSome(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
        #if canImport(Glibc)
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        #else
            let flags = Int32(MSG_DONTWAIT)
        #endif
        return bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
    }

    static func shutdownReading(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_RD)) }
    static func shutdownWriting(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    static func shutdownBoth(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whether the other side has closed or reset the connection; never blocks, takes no bytes.
    static func peerLeft(_ descriptor: Int32) -> Bool {
        #if canImport(Glibc)
            // POLLRDHUP also sees an end that waits behind unread bytes.
            let rdhup = Int16(0x2000)
            var entry = pollfd(fd: descriptor, events: rdhup, revents: 0)
            let signs = rdhup | Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL)
            return poll(&entry, 1, 0) > 0 && entry.revents & signs != 0
        #else
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
        #endif
    }

    /// A second descriptor of the same socket; -1 when there are no more.
    static func duplicate(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }

    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    /// Whether the kernel has sockets of a family.
    static func supports(_ family: Int32) -> Bool {
        let descriptor = socket(family, streamType, 0)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Not blocking, and not for children.
    static func makePrivate(_ descriptor: Int32) { makeNonBlocking(descriptor) }

    /// Throws away what has come.
    ///
    /// - Returns: whether nothing more will come.
    static func drain(_ descriptor: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            for _ in 0..<16 {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count == 0 { return true }
                if count < 0 { return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR }
            }
            return false
        }
    }

    private static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static var streamType: Int32 {
        #if canImport(Glibc)
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #else
            SOCK_STREAM
        #endif
    }
}

/// A socket call's `errno`.
struct SocketError: Error, CustomStringConvertible {
    let code: Int32
    var isTaken: Bool { code == EADDRINUSE }
    var description: String { String(cString: strerror(code)) }
}
