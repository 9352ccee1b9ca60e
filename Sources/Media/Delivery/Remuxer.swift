/// Makes one progressive MP4 of a rendition's segments: index first, nothing encoded again, no metadata.
package struct Remuxer: Sendable {
    /// A rendition's files, in order.
    package struct Track: Sendable {
        package let initialization: String
        package let segments: [String]

        package init(initialization: String, segments: [String]) {
            self.initialization = initialization
            self.segments = segments
        }
    }

    package init() {}

    /// Writes `output` (aside, then renamed): video first, sound interleaved by the second; both start at 0.
    ///
    /// Memory holds the sample tables and one segment of each track.
    ///
    /// - Throws: `MediaError` or `BoxError` when a file is missing or is not what the encoder wrote.
    package func mp4(video: Track?, audio: Track?, to output: String) async throws {
        let tracks = [video, audio].compactMap { $0 }
        guard !tracks.isEmpty else { throw MediaError(.verification, "There is nothing to put into the file.") }
        try await BlockingWork.run("remux") {
            let sources = try tracks.map(TrackSource.init)
            try ProgressiveFile(sources: sources).write(to: output)
        }
    }
}

/// A track as it is read: twice, once for the tables and once for the media.
struct TrackSource {
    let initialization: InitSegment
    let table: SampleTable
    private let segments: [String]

    init(_ track: Remuxer.Track) throws {
        var bytes: [UInt8] = []
        try SegmentFiles.read(track.initialization) { bytes.append(contentsOf: $0) }
        initialization = try InitSegment(bytes)
        segments = track.segments
        var table = SampleTable()
        for path in track.segments {
            for fragment in try Self.fragments(of: path) {
                try table.add(fragment, chunkTicks: initialization.timescale)
            }
        }
        self.table = table
    }

    /// The media of the whole track, in order.
    func makeReader() -> Reader { Reader(segments: segments) }

    private static func fragments(of path: String) throws -> [Fragment] {
        var stream = FragmentStream()
        var fragments: [Fragment] = []
        try SegmentFiles.read(path) { bytes in
            for case .fragment(let fragment) in try stream.push(bytes) { fragments.append(fragment) }
        }
        guard stream.isAtBoundary else { throw BoxError.truncated }
        return fragments
    }

    struct Reader {
        private var segments: ArraySlice<String>
        private var media: ArraySlice<UInt8> = []

        init(segments: [String]) { self.segments = segments[...] }

        /// The next bytes of media; chunks never cross a fragment, so never a segment.
        mutating func next(_ count: Int) throws -> ArraySlice<UInt8> {
            while media.isEmpty, let path = segments.popFirst() {
                media = try TrackSource.fragments(of: path).flatMap { fragment in
                    let size = fragment.samples.reduce(0) { $0 + $1.size }
                    return fragment.bytes[fragment.mediaOffset..<fragment.mediaOffset + size]
                }[...]
            }
            guard media.count >= count else { throw BoxError.truncated }
            defer { media = media.dropFirst(count) }
            return media.prefix(count)
        }
    }
}
