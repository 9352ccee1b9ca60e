/// What a chunk produced of one rung.
package struct EncodedRung: Sendable, Hashable {
    package struct Segment: Sendable, Hashable {
        /// Its number in the version.
        package let index: Int
        package let frames: Int
        package let bytes: Int
    }

    package let rung: Rung
    package let segments: [Segment]
    /// RFC 6381, as `InitSegment` has it.
    package let codecs: String
    package let initBytes: Int
    /// The peak of these segments alone, in bits a second; the version's is `Playlist.peakBitRate` of all of them.
    package let peakBitRate: Int
    /// Pictures that the decoder delivered for these segments, and those that the source has there.
    package let decodedFrames: Int
    package let sourceFrames: Int
    /// What the owner should know although it plays: pictures that could not be decoded.
    package let warnings: [String]

    package var frames: Int { segments.reduce(0) { $0 + $1.frames } }
    package var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
}
