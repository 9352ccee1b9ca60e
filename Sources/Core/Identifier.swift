/// An integer identifier of one kind of thing: `ID<Asset>` never meets `ID<User>`.
///
/// Values are positive and fit 53 bits, so that JavaScript holds them exactly.
public struct ID<Kind>: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// The integer as databases and contracts have it.
    public let rawValue: Int64

    /// The identifier with a number that is known to be one.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The order of the numbers.
    public static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Reads the bare number.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension ID: CustomStringConvertible {
    /// The number in decimal digits.
    public var description: String { String(rawValue) }
}

/// What a user owns: an image, a video or a sound.
///
/// A name for `ID<Asset>`.
public enum Asset {}

/// Somebody with an account.
///
/// A name for `ID<User>`.
public enum User {}

/// A durable unit of work.
///
/// A name for `ID<Job>`.
public enum JobRow {}

/// A link by which an owner lets others watch.
///
/// A name for `ID<ShareRow>`.
public enum ShareRow {}

package typealias AssetID = ID<Asset>
package typealias ShareID = ID<ShareRow>
package typealias UserID = ID<User>
package typealias JobID = ID<JobRow>

extension ID where Kind == Asset {
    /// A new time-ordered identifier: 41 bits of milliseconds since 1970, 12 random bits (DESIGN 2).
    package static func make(at time: Timestamp, random: UInt16) -> Self {
        let milliseconds = (time.microseconds / 1000) & 0x1FF_FFFF_FFFF
        return Self(rawValue: (milliseconds << 12) | Int64(random & 0xFFF))
    }

    /// The form of contract 1: `asset_<integer>`.
    package var contractName: String { "asset_\(rawValue)" }

    /// Reads both public forms, `asset_12` and `12`; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let digits = text.hasPrefix("asset_") ? text.dropFirst(6)[...] : text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(digits), value > 0,
            value < (1 << 53)
        else { return nil }
        self.init(rawValue: value)
    }
}

/// An upload's identifier: 128 random bits in the form of a UUID, whichever door made it.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// Reads a canonical UUID (8-4-4-4-12, either case); nil for anything else, so it is safe in a path.
    package init?(parsing text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (index, byte) in bytes.enumerated() {
            let isDash = [8, 13, 18, 23].contains(index)
            let isHex = (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
            guard isDash ? byte == 45 : isHex else { return nil }
        }
        rawValue = text.lowercased()
    }

    /// A version 4 UUID from 16 random bytes (RFC 9562 section 5.4).
    package init(random bytes: [UInt8]) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        var bytes = bytes
        bytes[6] = (bytes[6] & 0x0F) | 0x40
        bytes[8] = (bytes[8] & 0x3F) | 0x80
        let hex = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(45) }
            text.append(hex[Int(byte >> 4)])
            text.append(hex[Int(byte & 15)])
        }
        rawValue = String(decoding: text, as: UTF8.self)
    }

    package var description: String { rawValue }
}
