/// Counts the pictures that the decoder really delivered for each segment, from the lines of ffmpeg's `metadata` filter.
///
/// `@unchecked`: only the child's thread touches it until the run has ended.
final class DecodedFrames: @unchecked Sendable {
    private let windows: [Range<Int64>]
    private var line: [UInt8] = []
    private(set) var counts: [Int]
    private(set) var total = 0

    /// `windows`: times in the source's ticks, counted from its start, ascending.
    init(windows: [Range<Int64>]) {
        self.windows = windows
        counts = windows.map { _ in 0 }
    }

    var inWindow: Int { counts.reduce(0, +) }

    func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte != 10 {
                if line.count < 128 { line.append(byte) }
            } else {
                read()
                line.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Reads a line such as `frame:12   pts:6144    pts_time:0.48`.
    private func read() {
        guard line.starts(with: "frame:".utf8) else { return }
        total += 1
        let fields = line.split(separator: UInt8(ascii: " "))
        guard let field = fields.first(where: { $0.starts(with: "pts:".utf8) }),
            let time = Int64(String(decoding: field.dropFirst(4), as: UTF8.self))
        else { return }
        if let index = windows.firstIndex(where: { $0.contains(time) }) { counts[index] += 1 }
    }
}
