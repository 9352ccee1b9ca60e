internal import Core

/// The packets of a picture that may be copied, in the order of decoding, from its first key frame on.
struct CopyScan: Sendable {
    struct Picture: Sendable {
        /// Presentation, in the source's ticks.
        let time: Int
        let bytes: Int
    }

    let timeBase: Rational
    let pictures: [Picture]
    /// Numbers of pictures that are IDRs and before all that follow them: where a segment may begin, ascending.
    let cuts: [Int]
    /// When the last picture ends, in ticks.
    let end: Int
    /// Whether an edit list hides pictures that would be seen in a copy.
    let hidesPictures: Bool
    /// Whether the times are those of one clock; nil where an index gives them.
    var clock: ClockWatch?

    /// Whether all pictures last equally long.
    var isEven: Bool {
        let times = pictures.map(\.time).sorted()
        return Set(zip(times, times.dropFirst()).map { $1 - $0 }).count <= 1
    }

    /// - `isIDR`: asked for key frames that no later picture precedes.
    init?(
        timeBase: Rational,
        pictures: [Picture],
        keys: [Int],
        step: Int?,
        hidesPictures: Bool,
        isIDR: (Int) -> Bool
    ) {
        guard let last = pictures.map(\.time).max(), let first = pictures.first?.time, last >= first else { return nil }
        var earliest = Int.max
        var isClean = Set<Int>()
        var position = keys.count - 1
        for index in pictures.indices.reversed() {
            if position >= 0, keys[position] == index {
                if pictures[index].time < earliest { isClean.insert(index) }
                position -= 1
            }
            earliest = min(earliest, pictures[index].time)
        }
        self.timeBase = timeBase
        self.pictures = pictures
        self.hidesPictures = hidesPictures
        cuts = keys.filter { isClean.contains($0) && isIDR($0) }
        end = last + max(1, step ?? (pictures.count > 1 ? (last - first) / (pictures.count - 1) : 1))
    }
}

extension CopyScan {
    /// Reads the picture's track from the index of an MP4 or MOV file.
    ///
    /// Blocks. nil when the index is not one that we read, or does not say what ffprobe said of the stream.
    /// Throws `BoxError` for an index that is damaged: what players make of such a file is their guess.
    static func movie(_ path: String, video: VideoStream, limit: Int) throws -> CopyScan? {
        guard let file = try MovieFile(path), let track = try file.track(video.index, limit: limit) else { return nil }
        return try movie(file, track, video: video)?.scan
    }

    /// `isUniform`: whether every key frame that could be looked at is an IDR picture; those that have not arrived are
    /// taken for what the others are.
    static func movie(
        _ file: MovieFile,
        _ track: MovieTrack,
        video: VideoStream
    ) throws -> (scan: CopyScan, isUniform: Bool)? {
        guard track.handler == "vide", track.entry == "avc1", let shift = track.shift,
            video.timeBase == Rational(1, track.timescale),
            let lengthBytes = file.naluLengthBytes(video.index)
        else { return nil }
        let samples = track.samples
        guard samples.bytes <= file.size else { throw BoxError.malformed("stsz") }
        let times = samples.times.map { $0 + shift }
        // The demuxer decides when a picture is shown: where it reads an edit list differently, we do not read it.
        let start = Rational(times.min() ?? 0) * video.timeBase
        guard let stated = video.start, abs(stated - start.duration.microseconds) <= 1000 else { return nil }
        let hidden = times.filter { $0 < 0 || $0 >= track.editEnd ?? .max }.count
        var isUniform = true
        let scan = CopyScan(
            timeBase: video.timeBase,
            pictures: zip(times, samples.sizes).map { Picture(time: $0, bytes: $1) },
            keys: samples.keys ?? Array(times.indices),
            step: samples.step,
            hidesPictures: hidden > 1,
            isIDR: { sample in
                guard let offset = samples.offset(of: sample) else { return false }
                let count = samples.sizes[sample]
                if file.arrived < file.size, offset + count > file.arrived { return offset + count <= file.size }
                let isIDR = file.beginsWithIDR(at: offset, count: count, lengthBytes: lengthBytes)
                if !isIDR { isUniform = false }
                return isIDR
            }
        )
        return scan.map { ($0, isUniform) }
    }

    /// Lists the packets with ffprobe, and the IDRs among them with ffmpeg: any other container.
    static func packets(_ path: String, video: VideoStream, tools: MediaTools) async throws -> CopyScan? {
        let list = PacketLines(limit: tools.limits.packets, clock: ClockWatch(timeBase: video.timeBase), Packet.init)
        _ = try await tools.run(.ffprobe, input: path, media: .seconds(60), onOutput: { try list.take($0) }) { paths in
            ["-v", "error"] + MediaTools.inputGuards
                + ["-select_streams", String(video.index), "-show_entries", "packet=pts,dts,duration,size,flags"]
                + ["-of", "csv=p=0", paths.input]
        }
        // Slices of IDR pictures: of each its presentation.
        let slices = PacketLines(limit: tools.limits.packets) { $0.count > 2 ? Int($0[2]) : nil }
        let result = try await tools.run(.ffmpeg, input: path, media: .seconds(60), onOutput: { try slices.take($0) }) {
            ["-nostdin", "-v", "error"] + MediaTools.inputGuards
                + ["-copyts", "-i", $0.input, "-map", "0:\(video.index)", "-c", "copy", "-copyinkf"]
                + ["-bsf:v", "filter_units=pass_types=5", "-f", "framecrc", "pipe:1"]
        }
        guard result.succeeded,
            slices.comments.contains("#tb 0: \(video.timeBase.numerator)/\(video.timeBase.denominator)")
        else { return nil }
        var scan = list.rows.isEmpty ? nil : CopyScan(list.rows, idrs: Set(slices.rows), timeBase: video.timeBase)
        scan?.clock = list.clock
        return scan
    }

    /// Whether H.264 has one set of parameters from its beginning to its end: a copy states only the first.
    static func isUniform(_ path: String, video: VideoStream, tools: MediaTools) async throws -> Bool {
        // The sixth column sums up what is left of a packet.
        let sums = PacketLines(limit: tools.limits.packets) { $0.count > 5 ? String($0[5]) : nil }
        let result = try await tools.run(.ffmpeg, input: path, media: .seconds(60), onOutput: { try sums.take($0) }) {
            ["-nostdin", "-v", "error"] + MediaTools.inputGuards
                + ["-copyts", "-i", $0.input, "-map", "0:\(video.index)", "-c", "copy"]
                + ["-bsf:v", "filter_units=pass_types=7|8", "-f", "framecrc", "pipe:1"]
        }
        return result.succeeded && Set(sums.rows).count <= 1
    }

    /// nil when a packet does not say when it is shown.
    private init?(_ packets: [Packet], idrs: Set<Int>, timeBase: Rational) {
        var (pictures, keys, last) = ([Picture](), [Int](), (time: Int.min, duration: 0))
        var isWhole = true
        for packet in packets {
            guard packet.isKey || !pictures.isEmpty else { continue }
            guard let picture = packet.picture else { return nil }
            if packet.isDiscarded { isWhole = false }
            if packet.isKey { keys.append(pictures.count) }
            pictures.append(picture)
            if picture.time > last.time { last = (picture.time, packet.duration) }
        }
        let times = pictures.map(\.time)
        self.init(
            timeBase: timeBase,
            pictures: pictures,
            keys: keys,
            step: (1..<1 << 40).contains(last.duration) ? last.duration : nil,
            hidesPictures: !isWhole,
            isIDR: { idrs.contains(times[$0]) }
        )
    }
}

extension MovieFile {
    /// The track that ffmpeg numbers so: it makes a stream of every track, in their order.
    func track(_ index: Int, limit: Int) throws(BoxError) -> MovieTrack? {
        guard let box = box(ofTrack: index) else { return nil }
        return try MovieTrack(box, in: movie, limit: limit)
    }

    private func box(ofTrack index: Int) -> Box? {
        let tracks = movie.list.filter { $0.type == "trak" }
        return tracks.indices.contains(index) ? tracks[index] : nil
    }

    /// How many bytes say a NAL unit's length (14496-15 section 5.3.3.1).
    func naluLengthBytes(_ index: Int) -> Int? {
        guard let track = box(ofTrack: index), let parts = try? movie.children(of: track),
            let description = try? parts.find("mdia", "minf", "stbl", "stsd"),
            let entry = try? movie.children(of: description, skipping: 8).list.first,
            let configuration = try? movie.children(of: entry, skipping: 78).first("avcC"),
            configuration.payload.count >= 5
        else { return nil }
        return Int(movie.bytes[configuration.payload.lowerBound + 4] & 3) + 1
    }

    /// Whether a sample's first slice is of an IDR picture.
    func beginsWithIDR(at offset: Int, count: Int, lengthBytes: Int) -> Bool {
        var position = 0
        // Before the slice stand a delimiter, parameter sets and messages: a few units. Each is a read of the disk, and
        // a hostile file may have millions of key frames.
        for _ in 0..<16 where position + lengthBytes < count {
            guard let head = bytes(at: offset + position, count: lengthBytes + 1) else { return false }
            let length = head.dropLast().reduce(0) { $0 << 8 | Int($1) }
            let type = head[lengthBytes] & 0x1F
            if (1...5).contains(type) { return type == 5 }
            position += lengthBytes + length
        }
        return false
    }
}

/// A line of ffprobe's list: presentation, decoding, duration, size, flags.
private struct Packet {
    /// nil where it does not say when it is shown, or how large it is.
    let picture: CopyScan.Picture?
    let duration: Int
    let isKey: Bool
    let isDiscarded: Bool

    init?(_ fields: [Substring]) {
        guard fields.count >= 5 else { return nil }
        if let time = Int(fields[0]), time.magnitude < 1 << 56, let bytes = Int(fields[3]), bytes >= 0, bytes < 1 << 40
        {
            picture = CopyScan.Picture(time: time, bytes: bytes)
        } else {
            picture = nil
        }
        duration = Int(fields[2]) ?? 0
        isKey = fields[4].contains("K")
        isDiscarded = fields[4].contains("D")
    }
}

/// Lines of comma-separated fields, of which only what is needed is kept: there may be millions.
///
/// `@unchecked`: only the child's thread touches it until the run has ended.
private final class PacketLines<Row: Sendable>: @unchecked Sendable {
    private let limit: Int
    private let read: @Sendable ([Substring]) -> Row?
    private var line: [UInt8] = []
    private(set) var rows: [Row] = []
    private(set) var comments: [String] = []
    /// Sees the second field of every line.
    private(set) var clock: ClockWatch?

    init(limit: Int, clock: ClockWatch? = nil, _ read: @escaping @Sendable ([Substring]) -> Row?) {
        self.limit = limit
        self.clock = clock
        self.read = read
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        for byte in bytes {
            if byte != 10 {
                if line.count < 256 { line.append(byte) }
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.hasPrefix("#") {
                if comments.count < 16 { comments.append(text) }
                continue
            }
            let fields = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingSpaces }
            if fields.count > 1, let time = Int64(fields[1]), time.magnitude < 1 << 56 { clock?.see(time) }
            if let row = read(fields) { rows.append(row) }
            guard rows.count <= limit else {
                throw MediaError(.tooLong, "This medium has more than the \(limit) frames allowed.")
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        drop { $0 == " " }
    }
}
