/// A response's head as it comes, line by line.
struct ResponseHead {
    private(set) var status = 0
    private(set) var headers: [HeaderField] = []
    private(set) var isWhole = false
    private var bytes = 0

    /// 1xx: another head follows.
    var isInterim: Bool { (100..<200).contains(status) }

    /// - Returns: false when it exceeds the limit.
    mutating func take(line: UnsafeRawBufferPointer, atMost limit: Int) -> Bool {
        // Behind a whole head come another one, or what follows a chunked body, which nobody asked for.
        if isWhole {
            guard isInterim else { return true }
            self = ResponseHead()
        }
        bytes += line.count
        guard bytes <= limit else { return false }
        var end = line.endIndex
        while end > line.startIndex, line[end - 1] == 10 || line[end - 1] == 13 { end -= 1 }
        let content = String(decoding: line[..<end], as: UTF8.self)
        if status == 0 {
            let stated = content.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            // What is no status counts as a failure of the server (RFC 9110 section 15).
            status = (100...599).contains(stated) ? stated : 502
        } else if content.isEmpty {
            isWhole = true
        } else if let colon = content.utf8.firstIndex(of: 58) {
            let value = content[content.utf8.index(after: colon)...]
            headers.append((String(content[..<colon]), Self.trimmed(value)))
        }
        return true
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (byte: UInt8) in byte == 32 || byte == 9 }
        let bytes = text.utf8.drop(while: isSpace)
        let end = bytes.lastIndex { !isSpace($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
