internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a multipart parser found.
protocol MultipartConsumer: AnyObject {
    func partBegan(_ head: PartHead) throws
    func partData(_ bytes: UnsafeRawBufferPointer) throws
    func partEnded() throws
}

/// Takes a `multipart/form-data` body apart while it comes (RFC 2046 section 5.1.1, RFC 7578).
///
/// A state machine over blocks cut anywhere: it keeps back at most a delimiter's length of a part's bytes, and a
/// part's head up to its limit. The preamble and the epilogue are passed over.
struct MultipartParser {
    /// Bytes of one part's head.
    ///
    /// Browsers send two lines of it.
    static let headLimit = 8 << 10
    /// Transport padding between a delimiter and its line's end: nobody sends any; some is allowed.
    private static let paddingLimit = 256

    private enum State {
        case preamble, afterDelimiter, head, dataStart, data, epilogue
    }

    /// Bytes before the first and after the last delimiter: usually none.
    private static let junkLimit = 64 << 10

    private let delimiter: [UInt8]
    /// For each byte how far the delimiter's end moves on when that byte stands at it.
    private let skips: [UInt8]
    private let partLimit: Int
    private var state = State.preamble
    private var parts = 0
    private var junk = 0
    private var head: [UInt8] = []
    /// What came last and may be the beginning of a delimiter.
    ///
    /// At first the line end that a body's start stands for.
    private var carry: [UInt8] = [ASCII.cr, ASCII.lf]

    /// `boundary`: as the `Content-Type` names it, 1 to 70 bytes.
    init(boundary: String, partLimit: Int) {
        delimiter = [ASCII.cr, ASCII.lf, ASCII.dash, ASCII.dash] + Array(boundary.utf8)
        var skips = [UInt8](repeating: UInt8(delimiter.count), count: 256)
        for (index, byte) in delimiter.dropLast().enumerated() {
            skips[Int(byte)] = UInt8(delimiter.count - 1 - index)
        }
        self.skips = skips
        self.partLimit = partLimit
    }

    /// Whether the final delimiter has come.
    var isComplete: Bool { state == .epilogue }

    mutating func feed(_ block: UnsafeRawBufferPointer, _ consumer: any MultipartConsumer) throws {
        guard !block.isEmpty else { return }
        guard !carry.isEmpty else { return try run(block, consumer) }
        let joined = carry + block
        carry = []
        try joined.withUnsafeBytes { try run($0, consumer) }
    }

    private mutating func run(_ bytes: UnsafeRawBufferPointer, _ consumer: any MultipartConsumer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .preamble, .data: try scan(&rest, consumer)
            case .afterDelimiter:
                guard let next = try lineAfterDelimiter(&rest) else { return }
                state = next
            case .head: try gatherHead(&rest, consumer)
            case .dataStart: try startData(&rest, consumer)
            case .epilogue: return try passOver(rest.count)
            }
        }
    }

    /// Passes bytes on up to the next delimiter, keeping back what may be its beginning.
    private mutating func scan(_ rest: inout Slice<UnsafeRawBufferPointer>, _ consumer: any MultipartConsumer) throws {
        let block = UnsafeRawBufferPointer(rebasing: rest)
        let found = position(in: block)
        if state == .data, found.offset > 0 {
            try consumer.partData(UnsafeRawBufferPointer(rebasing: block[..<found.offset]))
        } else if state == .preamble {
            try passOver(found.offset)
        }
        if found.isWhole {
            if state == .data { try consumer.partEnded() }
            rest = rest.dropFirst(found.offset + delimiter.count)
            state = .afterDelimiter
        } else {
            carry = Array(block[found.offset...])
            rest = rest.dropFirst(block.count)
        }
    }

    private mutating func passOver(_ count: Int) throws {
        junk += count
        guard junk <= Self.junkLimit else { throw Self.broken }
    }

    /// Where the delimiter stands, or where the block's end may be the beginning of one.
    ///
    /// Looks at one byte in a delimiter's length (Horspool): a third of the time of looking for its first byte.
    private func position(in block: UnsafeRawBufferPointer) -> (offset: Int, isWhole: Bool) {
        delimiter.withUnsafeBytes { pattern in
            guard let base = block.baseAddress, let start = pattern.baseAddress else { return (0, false) }
            let last = pattern.count - 1
            var end = last
            while end < block.count {
                let byte = block[end]
                if byte == pattern[last], memcmp(start, base + (end - last), pattern.count) == 0 {
                    return (end - last, true)
                }
                end += Int(skips[Int(byte)])
            }
            for offset in max(0, block.count - last)..<block.count
            where memcmp(start, base + offset, block.count - offset) == 0 {
                return (offset, false)
            }
            return (block.count, false)
        }
    }

    /// The rest of a delimiter's line: `--` ends the form, padding and CRLF begin a part.
    ///
    /// - Returns: nil when more bytes are needed.
    private mutating func lineAfterDelimiter(_ rest: inout Slice<UnsafeRawBufferPointer>) throws -> State? {
        let line = rest
        if line.first == ASCII.dash {
            guard line.count >= 2 else { return keep(&rest) }
            guard line[line.startIndex + 1] == ASCII.dash else { throw Self.broken }
            rest = rest.dropFirst(2)
            return .epilogue
        }
        let padding = line.prefix { $0 == ASCII.space || $0 == ASCII.tab }.count
        guard padding <= Self.paddingLimit else { throw Self.broken }
        let end = line.dropFirst(padding)
        guard end.count >= 2 else {
            guard end.isEmpty || end.first == ASCII.cr else { throw Self.broken }
            return keep(&rest)
        }
        guard end.starts(with: [ASCII.cr, ASCII.lf]) else { throw Self.broken }
        parts += 1
        guard parts <= partLimit else {
            throw ServiceError(.tooLarge, "The form has more than \(partLimit) parts.")
        }
        rest = end.dropFirst(2)
        head = []
        return .head
    }

    private mutating func keep(_ rest: inout Slice<UnsafeRawBufferPointer>) -> State? {
        carry = Array(rest)
        rest = rest.dropFirst(rest.count)
        return nil
    }

    private mutating func gatherHead(
        _ rest: inout Slice<UnsafeRawBufferPointer>,
        _ consumer: any MultipartConsumer
    ) throws {
        while let byte = rest.popFirst() {
            head.append(byte)
            guard head.count <= Self.headLimit else {
                throw ServiceError(
                    .invalidRequest,
                    "A part of the form has a head of more than \(Self.headLimit) bytes."
                )
            }
            guard byte == ASCII.lf, head.suffix(4) == [13, 10, 13, 10] || head == [13, 10] else { continue }
            try consumer.partBegan(PartHead(parsing: head))
            state = .dataStart
            return
        }
    }

    /// A part's first bytes: the line end of its head may be the one that its delimiter begins with (RFC 2046 allows
    /// a part of a head alone).
    private mutating func startData(
        _ rest: inout Slice<UnsafeRawBufferPointer>,
        _ consumer: any MultipartConsumer
    ) throws {
        let bare = delimiter.dropFirst(2)
        let length = min(bare.count, rest.count)
        guard rest.prefix(length).elementsEqual(bare.prefix(length)) else {
            state = .data
            return
        }
        guard length == bare.count else {
            _ = keep(&rest)
            return
        }
        try consumer.partEnded()
        rest = rest.dropFirst(length)
        state = .afterDelimiter
    }

    static let broken = ServiceError(.invalidRequest, "The form's boundaries are broken.")
}
