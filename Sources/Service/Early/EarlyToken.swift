package import Core
internal import Crypto

/// What a signed link to an upload allows: to watch it, until a moment.
package struct EarlyToken: Sendable, Hashable {
    package let upload: UploadID
    /// Until when a playback may start.
    ///
    /// Whole seconds.
    package let expires: Timestamp
    /// For how long afterwards a playback that has started may go on.
    ///
    /// Whole seconds.
    package let grace: Duration
}

extension StreamKeys {
    /// Big-endian: layout 3 (1 byte), key id (1), upload (16), expiry in seconds (4), grace (4), HMAC (16).
    private static let earlyLayout: UInt8 = 3
    private static let earlyFields = 24

    func sign(_ token: EarlyToken) -> String {
        let id = Hex.decode(token.upload.rawValue.filter { $0 != "-" }) ?? []
        let grace = min(token.grace.components.seconds, 0xFFFF_FFFF)
        return seal(Self.earlyLayout, id + Self.bytes(token.expires.seconds) + Self.bytes(grace))
    }

    /// nil for a text that is no such token, or that none of the keys has signed.
    ///
    /// Says nothing about its expiry.
    func verifyEarly(_ text: String) -> EarlyToken? {
        guard let fields = open(text, layout: Self.earlyLayout, count: Self.earlyFields) else { return nil }
        var id = Hex.encode(fields[..<16])
        for place in [8, 13, 18, 23] { id.insert("-", at: id.index(id.startIndex, offsetBy: place)) }
        guard let upload = UploadID(parsing: id) else { return nil }
        return EarlyToken(
            upload: upload,
            expires: Timestamp(seconds: Self.number(fields[16..<20])),
            grace: .seconds(Self.number(fields[20..<24]))
        )
    }

    private static func bytes(_ value: Int64) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 { bytes.reduce(0) { $0 << 8 | Int64($1) } }
}
