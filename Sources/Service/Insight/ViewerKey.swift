internal import Core
internal import Crypto
internal import SQL

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Tells viewers apart for one day, and nobody who they are.
///
/// A keyed hash of the account, or of the address and the browser's name, by a salt that is made anew every day and
/// thrown away after the next: then nobody can say any more whose key it was.
struct ViewerKey {
    private let salt: [UInt8]
    private let addresses: Insight.Configuration.Addresses

    init(salt: [UInt8], addresses: Insight.Configuration.Addresses) {
        self.salt = salt
        self.addresses = addresses
    }

    /// The salt of a day, made by whoever needs it first.
    init(
        of day: Day,
        _ addresses: Insight.Configuration.Addresses,
        in transaction: any Connection
    ) throws {
        try transaction.run(
            "INSERT INTO playback_salts (day, salt) VALUES (\(day), \(SecureRandom.bytes(32))) ON CONFLICT DO NOTHING"
        )
        let row = try transaction.first("SELECT salt FROM playback_salts WHERE day = \(day)")
        self.init(salt: try row?.get("salt") ?? SecureRandom.bytes(32), addresses: addresses)
    }

    /// Nil for whoever asks not to be tracked, and where nothing tells viewers apart.
    func key(_ visitor: Visitor) -> String? {
        guard !visitor.isPrivate else { return nil }
        if let account = visitor.account { return hash("account \(account)") }
        switch addresses {
        case .none: return nil
        case .full: return hash("address \(visitor.address)\n\(visitor.agent)")
        case .anonymised: return hash("address \(Self.network(of: visitor.address))\n\(visitor.agent)")
        }
    }

    private func hash(_ text: String) -> String {
        Base64.encodeURLSafe(Array(HMAC.sha256(key: salt, message: Array(text.utf8)).prefix(16)))
    }

    /// The first three bytes of an IPv4 address, the first six of an IPv6 one.
    static func network(of address: String) -> String {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            return withUnsafeBytes(of: &four) { Hex.encode($0.prefix(3)) }
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return "" }
        return withUnsafeBytes(of: &six) { bytes in
            // An IPv4 address in IPv6's clothes.
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
            return Hex.encode(isMapped ? bytes[12..<15] : bytes.prefix(6))
        }
    }

    /// The key of a playback, by the name that its player gave it.
    static func session(_ name: String) -> String {
        Base64.encodeURLSafe(Array(SHA256.hash(Array(name.utf8)).prefix(16)))
    }
}
