internal import Crypto

/// Tells a service behind the gateway which address the gateway's client has.
///
/// Signed, so that nobody else can say so, wherever the gateway runs; with it the other forwarding headers mean to the
/// service what they mean to the gateway. Whoever can listen between the services could repeat it: he would have the
/// clients' tokens as well.
package struct PeerSeal: Sendable {
    static let header = "Telecine-Peer"

    private let key: [UInt8]

    /// `key`: of the installation's secret, the same in all services.
    package init(key: [UInt8]) {
        self.key = key
    }

    /// The header's value.
    func seal(_ peer: String) -> String { "\(peer) \(signature(of: peer))" }

    /// The address that a value states; nil when the gateway has not said so.
    func peer(in value: String) -> String? {
        let parts = value.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, ConstantTime.equal(Array(parts[1].utf8), Array(signature(of: parts[0]).utf8)) else {
            return nil
        }
        return parts[0]
    }

    private func signature(of peer: String) -> String {
        Base64.encodeURLSafe(HMAC.sha256(key: key, message: Array(peer.utf8)))
    }
}
