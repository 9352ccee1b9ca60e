internal import Core

/// A log entry as one line of JSON: `time`, `level`, `message`, then the fields by name.
///
/// Written by hand: there is a line for every request, and a general encoder took longer over it than the request.
struct JSONLine {
    private var bytes: [UInt8] = []

    /// A field never hides one of the three that every line has.
    init(_ entry: Logger.Entry) {
        bytes.reserveCapacity(384)
        bytes.append(UInt8(ascii: "{"))
        member("time", .string(entry.time.iso8601WithMilliseconds))
        next("level", .string(LogSink.name(entry.level)))
        next("message", .string(entry.message))
        let own = ["time", "level", "message"]
        for (name, value) in entry.fields.sorted(by: { $0.key < $1.key }) where !own.contains(name) {
            next(name, value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    private mutating func next(_ name: String, _ value: JSONValue) {
        bytes.append(UInt8(ascii: ","))
        member(name, value)
    }

    private mutating func member(_ name: String, _ value: JSONValue) {
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        write(value)
    }

    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: plain("null")
        case .bool(let flag): plain(flag ? "true" : "false")
        case .integer(let number): plain(String(number))
        // JSON has no words for these three.
        case .number(let number) where !number.isFinite: quoted("\(number)")
        case .number(let number): plain("\(number)")
        case .string(let text): quoted(text)
        case .array(let items): list(items)
        case .object(let members): object(members)
        }
    }

    private mutating func list(_ items: [JSONValue]) {
        bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(item)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func object(_ members: [String: JSONValue]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, (name, value)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            member(name, value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func plain(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            // Line ends and what steers a terminal.
            case 0..<0x20, 0x7F: escaped(byte)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\n"): plain("\\n")
        case UInt8(ascii: "\r"): plain("\\r")
        case UInt8(ascii: "\t"): plain("\\t")
        default:
            let text = String(byte, radix: 16)
            plain(byte < 16 ? "\\u000\(text)" : "\\u00\(text)")
        }
    }
}
