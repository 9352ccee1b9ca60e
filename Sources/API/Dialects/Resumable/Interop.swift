internal import HTTP

/// Which iteration of the drafts a client speaks (`Upload-Draft-Interop-Version`).
///
/// The number and what changed with it (the drafts' change logs): 3 is draft -01 with `Upload-Incomplete`; 4 (-02) has
/// `Upload-Complete`; 5 (-03) allows 104 for progress; 6 (-04, -05) asks for `application/partial-upload`, has limits
/// and problem types; 7 (-06 to -08), 8 (-09 to -11), 9 (-12) and 10 (-13 on) read as 6 does here.
struct Interop {
    /// Nil for none, and for one that is not known here: such a client is answered in the newest form.
    let version: Int?
    /// Whether completeness is said as its opposite: draft -01 alone.
    let isInverted: Bool

    private static let known = 3...10
    static let header = "Upload-Draft-Interop-Version"

    /// For a client that is told nothing on the way.
    static let silent = Interop(version: nil, isInverted: false)

    private init(version: Int?, isInverted: Bool) {
        self.version = version
        self.isInverted = isInverted
    }

    init(_ request: Request) {
        let stated = StructuredField.integer(request.headers, Self.header)
        version = stated.flatMap { Self.known.contains(Int(clamping: $0)) ? Int($0) : nil }
        let onlyOld = request.headers["Upload-Complete"] == nil && request.headers["Upload-Incomplete"] != nil
        isInverted = version == 3 || version == nil && onlyOld
    }

    /// Whether the client may be sent 104: never without a version that both sides know.
    var takesInterim: Bool { version != nil }

    /// Whether bytes that are appended must be declared as such.
    var namesPartialUploads: Bool { !isInverted && (version ?? 10) >= 6 }

    /// How bytes are acknowledged that are not the last: drafts before -04 ask for 201.
    var acknowledgement: Status { namesPartialUploads ? .noContent : .created }

    /// Whether the client says that this is the end; nil when it says nothing that can be read.
    func completeness(_ headers: Headers) -> Bool? {
        guard isInverted else { return StructuredField.boolean(headers, "Upload-Complete") }
        return StructuredField.boolean(headers, "Upload-Incomplete").map { !$0 }
    }

    func say(complete: Bool, in headers: inout Headers) {
        if isInverted {
            headers["Upload-Incomplete"] = complete ? "?0" : "?1"
        } else {
            headers["Upload-Complete"] = complete ? "?1" : "?0"
        }
    }
}

/// Items of RFC 9651, as far as uploads need them; what cannot be read counts as absent.
enum StructuredField {
    static func boolean(_ headers: Headers, _ name: String) -> Bool? {
        switch item(headers, name) {
        case "?1": true
        case "?0": false
        default: nil
        }
    }

    /// From 0 to 999,999,999,999,999 (section 3.3.1).
    static func integer(_ headers: Headers, _ name: String) -> Int64? {
        guard let text = item(headers, name), (1...15).contains(text.utf8.count),
            text.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return Int64(text)
    }

    /// A byte sequence of a dictionary (section 3.3.5); the last one of a name counts.
    static func bytes(_ headers: Headers, _ name: String) -> [String: Substring] {
        var members: [String: Substring] = [:]
        for member in headers.all(name).flatMap({ $0.split(separator: ",") }) {
            let parts = member.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let key = parts[0].filter { $0 != " " && $0 != "\t" }
            let value = parts[1].prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
            guard value.count >= 2, value.hasPrefix(":"), value.hasSuffix(":") else { continue }
            members[key] = value.dropFirst().dropLast()
        }
        return members
    }

    /// The bare item, its parameters left out; nil when there is not exactly one.
    private static func item(_ headers: Headers, _ name: String) -> String? {
        let fields = headers.all(name)
        guard fields.count == 1 else { return nil }
        let bare = fields[0].prefix { $0 != ";" }
        let spaces: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let trimmed = bare.drop(while: spaces)
        // Nothing may stand between an item and its parameters.
        if bare.endIndex < fields[0].endIndex { return String(trimmed) }
        return String(trimmed.reversed().drop(while: spaces).reversed())
    }
}
