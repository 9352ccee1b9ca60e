package import Core

/// An object's name: segments of `A–Z a–z 0–9 . _ -` between slashes, 512 bytes and 32 segments at most.
///
/// Safe in a path on disk and unescaped in a URL: no segment is empty, begins with a dot or is longer than a
/// file's name may be (255 bytes).
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: String

    /// Reads a key.
    ///
    /// Throws `invalidRequest` for a text that is none.
    package init(_ text: String) throws(ServiceError) {
        guard Self.isKey(text) else {
            // The text may be anything, so it is not repeated.
            throw ServiceError(.invalidRequest, "This is not the name of an object.")
        }
        rawValue = text
    }

    package var description: String { rawValue }

    /// The order of bytes, in which stores list.
    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }

    var segments: [Substring] { rawValue.split(separator: "/") }

    private static func isKey(_ text: String) -> Bool {
        // Over bytes, without taking the text apart: every request for a segment passes here.
        guard text.utf8.count <= 512 else { return false }
        var segments = 1
        var length = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "/") {
                guard length > 0 else { return false }
                segments += 1
                length = 0
            } else {
                guard isNameByte(byte), length > 0 || byte != UInt8(ascii: ".") else { return false }
                length += 1
                guard length <= 255 else { return false }
            }
        }
        return length > 0 && segments <= 32
    }

    /// Whether a name may stand between slashes.
    ///
    /// A leading dot is kept for what is not an object (`.tmp`).
    static func isSegment(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && isBeginning(name)
    }

    /// Whether some key begins with this text: whole segments, and perhaps a part of the next.
    static func isPrefix(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 512 && parts.dropLast().allSatisfy { isSegment($0) }
            && parts.last.map { isBeginning($0) } ?? true
    }

    private static func isBeginning(_ name: some StringProtocol) -> Bool {
        name.utf8.first != UInt8(ascii: ".") && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
