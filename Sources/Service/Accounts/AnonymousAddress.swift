/// An address without what tells one household from the next.
enum AnonymousAddress {
    /// The /24 of an IPv4 address, the /48 of an IPv6 address: `192.0.2.0`, `2001:db8:7::`; the loopback as it is.
    ///
    /// Nil for what is no address.
    static func of(_ address: String) -> String? {
        if address == "::1" || address.hasPrefix("127.") { return address }
        // IPv4 within IPv6, `::ffff:192.0.2.1`, is the IPv4 address.
        let parts = address.split(separator: ":", omittingEmptySubsequences: false).last?.split(separator: ".") ?? []
        if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) {
            return parts.prefix(3).joined(separator: ".") + ".0"
        }
        guard address.contains(":"), !address.contains(".") else { return nil }
        var groups = address.split(separator: ":", omittingEmptySubsequences: false).prefix(3)
        if let gap = groups.firstIndex(of: "") { groups = groups[..<gap] }
        guard groups.allSatisfy({ UInt16($0, radix: 16) != nil }) else { return nil }
        return groups.joined(separator: ":") + "::"
    }
}
