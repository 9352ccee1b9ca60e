#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An IPv4 or IPv6 address with its port.
struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    /// An IPv6 listener that also takes IPv4.
    var isDual = false

    init() {}

    init(_ address: UnsafePointer<sockaddr>) {
        length = socklen_t(
            Int32(address.pointee.sa_family) == AF_INET6
                ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        )
        let size = Int(length)
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
        }
    }

    init?(localEndOf descriptor: Int32) {
        let result = withMutableSockaddr { getsockname(descriptor, $0, $1) }
        guard result == 0 else { return nil }
    }

    /// `::` or `0.0.0.0`.
    static func every(_ family: Int32, port: UInt16) -> SocketAddress {
        var result = SocketAddress()
        result.storage.ss_family = sa_family_t(family)
        result.length = socklen_t(
            family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        )
        #if !canImport(Glibc)
            result.storage.ss_len = UInt8(result.length)
        #endif
        result.isDual = family == AF_INET6
        result.port = port
        return result
    }

    /// The addresses of a name or a written address.
    static func resolve(_ host: String, port: UInt16) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var result: [SocketAddress] = []
        var entry = list
        while let current = entry {
            if let address = current.pointee.ai_addr {
                var parsed = SocketAddress(address)
                parsed.port = port
                result.append(parsed)
            }
            entry = current.pointee.ai_next
        }
        return result
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// Both kinds keep it in the third and fourth byte, in network order.
    var port: UInt16 {
        get { withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) } }
        set {
            withUnsafeMutableBytes(of: &storage) {
                $0[2] = UInt8(newValue >> 8)
                $0[3] = UInt8(truncatingIfNeeded: newValue)
            }
        }
    }

    /// The address's 4 or 16 bytes; an IPv4 address within IPv6 counts as IPv4.
    private var bytes: [UInt8] {
        let all = withUnsafeBytes(of: storage) { Array($0.prefix(24)) }
        guard family == AF_INET6 else { return Array(all[4..<8]) }
        let address = Array(all[8..<24])
        let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && address[10] == 255 && address[11] == 255
        return isMapped ? Array(address[12...]) : address
    }

    /// The written form, without a port.
    var text: String {
        let bytes = bytes
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "?" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What limits count together: an IPv4 address, or the /64 network that one IPv6 customer has.
    var network: [UInt8] { bytes.count == 4 ? bytes : Array(bytes.prefix(8)) }

    var isLoopback: Bool {
        let bytes = bytes
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    mutating func withMutableSockaddr<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var size = length
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
        }
        length = size
        return result
    }
}
