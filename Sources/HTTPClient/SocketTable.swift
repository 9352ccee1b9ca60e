internal import CCurl

/// The sockets of a client's connections, each with a number that no other has had.
///
/// `@unchecked Sendable`: used by the loop's thread alone, and at the loop's end.
final class SocketTable: @unchecked Sendable {
    struct Entry {
        let descriptor: curl_socket_t
        let number: UInt64
    }

    private var numbers: [curl_socket_t: UInt64] = [:]
    private var last: UInt64 = 0

    func open(_ address: UnsafePointer<curl_sockaddr>) -> Entry {
        let descriptor = ccurl_socket(address)
        last += 1
        if descriptor != CURL_SOCKET_BAD { numbers[descriptor] = last }
        return Entry(descriptor: descriptor, number: last)
    }

    func close(_ descriptor: curl_socket_t) -> Int32 {
        numbers[descriptor] = nil
        return ccurl_close(descriptor)
    }

    /// Whether the other side has ended it; false once it is closed, whoever has its descriptor now.
    func hasEnded(_ entry: Entry) -> Bool {
        numbers[entry.descriptor] == entry.number && ccurl_has_ended(entry.descriptor) != 0
    }
}
