internal import Core

/// How a file is copied whose end is still to come: its index is there, and says where everything will be.
package struct ArrivingCopy: Sendable {
    package let info: MediaInfo
    package let video: CopiedVideo
    /// nil: there is no sound.
    package let audio: CopiedAudio?
    /// Bits a second of the sound.
    package let audioPeakBitRate: Int
    package let audioAverageBitRate: Int
    /// For each segment, how many bytes of the file must be there before its picture and sound can be copied.
    package let needs: [Int]
}

extension CopyPlanner {
    package enum ArrivingAnswer: Sendable {
        /// The first segment can be copied now.
        case copy(ArrivingCopy)
        /// It may be that more can be said when so many bytes are there.
        case later(Int)
        /// It cannot be copied, or not before all of it is there.
        case never
    }

    /// Bytes behind the index with which a probe finds the first packets of most files.
    private static let probed = 1 << 20
    /// Bytes behind the index after which a probe that did not find them is not repeated.
    private static let probedAtMost = 64 << 20
    /// Bytes of a segment that is held in memory while it is copied: ten seconds at 20 Mb/s.
    private static let largestSegment = 24 << 20

    /// Whether, and how, a file can be copied while it is being received: MP4 and MOV whose index stands in front,
    /// with a picture and a sound that are copied.
    ///
    /// Reads the index once it is there, and then once more when the first segment is.
    /// - Throws: `MediaError` when a file of ours cannot be read.
    package func plan(arriving file: ArrivingFile, profiles: [Profile]) async throws -> ArrivingAnswer {
        let place = try await BlockingWork.run("index") { try MovieFile.index(of: file) }
        guard case .found(let index) = place else {
            if case .unknown(let bytes) = place { return .later(bytes) }
            return .never
        }
        let first = min(index.upperBound + Self.probed, file.size)
        guard file.arrived >= first else { return .later(first) }
        // What a probe makes of the beginning may be wrong until there is more of it.
        let isEarly = file.arrived - index.upperBound < Self.probedAtMost
        let again = isEarly ? ArrivingAnswer.later(file.arrived * 4) : .never
        let info: MediaInfo
        do {
            info = try await Prober(tools: tools).probe(file.path)
        } catch is MediaError {
            return again
        }
        guard let video = info.video, Self.reasons(against: video, profiles: profiles).isEmpty,
            info.audio.map({ Self.canCopy($0, of: info) }) ?? true
        else { return .never }
        do {
            return try await BlockingWork.run("index") { try read(file, info, video) ?? again }
        } catch is BoxError {
            return .never
        }
    }

    /// nil when the probe has not come to the first picture.
    private func read(_ file: ArrivingFile, _ info: MediaInfo, _ video: VideoStream) throws -> ArrivingAnswer? {
        let limit = min(tools.limits.packets, ArrivingFile.mostSamples)
        guard let movie = try MovieFile(file.path, arriving: file),
            let track = try movie.track(video.index, limit: limit)
        else { return .never }
        guard let (scan, isUniform) = try CopyScan.movie(movie, track, video: video) else { return nil }
        guard isUniform, let copied = plan(scan).copied else { return .never }
        let timeline = copied.timeline
        // A segment comes out of ffmpeg when it has read the key frame of the next; one more is for its own pace.
        let pictures = try SampleRuns(track.samples, Self.sums(timeline.sourceFrames), ahead: 2, of: file.size)
        guard pictures.bytes.allSatisfy({ $0 <= Self.largestSegment }) else { return .never }
        var (needs, audio) = (pictures.ends, CopiedAudio?.none)
        var rates = (peak: 0, average: 0)
        if let stream = info.audio {
            guard let track = try movie.track(stream.index, limit: limit), let shift = track.shift,
                let sound = Self.sound(track, audio: stream, timeline: timeline), let first = sound.first
            else { return .never }
            let skipped = (first - shift) / AudioGrid.samplesPerPacket
            let places = sound.grid.boundaries.dropFirst().map { $0 + skipped }
            let packets = try SampleRuns(track.samples, places, ahead: 2, of: file.size)
            needs = zip(needs, packets.ends).map { max($0, $1) }
            rates = Self.rates(packets.bytes, sound.grid, timeline)
            audio = sound
        }
        guard file.arrived >= needs[0] else { return .later(needs[0]) }
        return .copy(
            ArrivingCopy(
                info: info,
                video: copied,
                audio: audio,
                audioPeakBitRate: rates.peak,
                audioAverageBitRate: rates.average,
                needs: needs
            )
        )
    }

    private static func sums(_ counts: [Int]) -> [Int] {
        var sum = 0
        return counts.map { count in
            sum += count
            return sum
        }
    }

    private static func rates(_ bytes: [Int], _ grid: AudioGrid, _ timeline: Timeline) -> (peak: Int, average: Int) {
        let lengths = (0..<grid.segmentCount).map { grid.duration(of: $0) }
        let peak = Playlist.peakBitRate(
            of: Array(zip(lengths, bytes)),
            targetDuration: Playlist.targetDuration(of: timeline)
        )
        let seconds = lengths.reduce(0) { $0 + $1.value }
        return (peak, Int(Double(bytes.reduce(0, +)) * 8 / max(0.001, seconds)))
    }
}

/// Samples up to each of some places: how many bytes they have, and where the last of all before it ends.
private struct SampleRuns {
    let bytes: [Int]
    let ends: [Int]

    /// - `places`: numbers of samples, ascending; each run ends before its own.
    /// - `ahead`: how many samples behind the place must be there too.
    /// - Throws: `BoxError` for a sample that is outside the file.
    init(_ samples: SampleIndex, _ places: [Int], ahead: Int, of size: Int) throws(BoxError) {
        var (bytes, ends) = ([Int](), [Int]())
        var (counted, looked, end) = (0, 0, 0)
        for place in places {
            var sum = 0
            while counted < min(place, samples.sizes.count) {
                sum += samples.sizes[counted]
                counted += 1
            }
            while looked < min(place + ahead, samples.sizes.count) {
                guard let offset = samples.offset(of: looked), offset <= size - samples.sizes[looked] else {
                    throw BoxError.malformed("stco")
                }
                end = max(end, offset + samples.sizes[looked])
                looked += 1
            }
            bytes.append(sum)
            ends.append(end)
        }
        (self.bytes, self.ends) = (bytes, ends)
    }
}

extension StreamCopier {
    /// The init that the pass over the whole picture will begin with, as soon as the first segment is there.
    ///
    /// - Throws: `MediaError`.
    package func pictureInit(source: String, info: MediaInfo, timeline: Timeline) async throws -> InitSegment {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        return try await firstInit(source, timeline) { Self.picture(video, timeline, from: $0) }
    }

    /// As `pictureInit`, for sound.
    package func soundInit(source: String, info: MediaInfo, timeline: Timeline) async throws -> InitSegment {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        return try await firstInit(source, timeline) { Self.sound(audio, from: $0) }
    }

    private func firstInit(
        _ source: String,
        _ timeline: Timeline,
        _ arguments: (String) -> [String]
    ) async throws -> InitSegment {
        let first = FirstInit()
        try await take(source, timeline.duration(of: 0), first.take, arguments)
        guard let found = first.found else { throw MediaError(.damaged, "Nothing could be copied out of this file.") }
        return found
    }
}

/// `@unchecked`: only the child's thread touches it until the run ended, only its reader afterwards.
private final class FirstInit: @unchecked Sendable {
    private var stream = FragmentStream()
    private(set) var found: InitSegment?

    func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        for case .initialization(let bytes) in try stream.push(bytes) { found = try InitSegment(bytes) }
        return found != nil
    }
}
