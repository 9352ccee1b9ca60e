/// `head; name=value; name="quoted value"`: the form of `Content-Type` and `Content-Disposition`.
struct ParameterList: Sequence, IteratorProtocol {
    /// What stands before the first semicolon.
    let head: String
    private let bytes: [UInt8]
    private var index: Int

    init(_ text: String) {
        bytes = Array(text.utf8)
        let end = bytes.firstIndex(of: 59) ?? bytes.count
        head = String(String(decoding: bytes[..<end], as: UTF8.self).trimmingSpaces())
        index = end
    }

    /// The next parameter, its name in lower case; nil at the end.
    ///
    /// What has no `=` is passed over.
    mutating func next() -> (name: String, value: String)? {
        while index < bytes.count {
            index += 1
            let start = index
            while index < bytes.count, bytes[index] != 61, bytes[index] != 59 { index += 1 }
            let name = String(String(decoding: bytes[start..<index], as: UTF8.self).trimmingSpaces()).lowercased()
            guard index < bytes.count, bytes[index] == 61 else { continue }
            index += 1
            let value = index < bytes.count && bytes[index] == ASCII.quote ? quoted() : token()
            return (name, value)
        }
        return nil
    }

    private mutating func token() -> String {
        let start = index
        while index < bytes.count, bytes[index] != 59 { index += 1 }
        return String(String(decoding: bytes[start..<index], as: UTF8.self).trimmingSpaces())
    }

    /// `\"` and `\\` are escapes; any other backslash stands for itself, as old browsers send Windows paths.
    private mutating func quoted() -> String {
        var value: [UInt8] = []
        index += 1
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash, index + 1 < bytes.count,
                bytes[index + 1] == ASCII.quote || bytes[index + 1] == ASCII.backslash
            {
                index += 1
            }
            value.append(bytes[index])
            index += 1
        }
        while index < bytes.count, bytes[index] != 59 { index += 1 }
        return String(decoding: value, as: UTF8.self)
    }
}
