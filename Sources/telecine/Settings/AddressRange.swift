#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An IP address, or a network written with its prefix length.
enum AddressRange {
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.map(String.init), let bits = bits(of: address) else { return false }
        guard parts.count == 2 else { return true }
        return Int(parts[1]).map { (0...bits).contains($0) } ?? false
    }

    private static func bits(of address: String) -> Int? {
        var bytes = in6_addr()
        if inet_pton(AF_INET, address, &bytes) == 1 { return 32 }
        return inet_pton(AF_INET6, address, &bytes) == 1 ? 128 : nil
    }
}
