/// A file that is still being received, as far as it is there.
package struct ArrivingFile: Sendable {
    package let path: String
    /// Bytes from its beginning that are there for good.
    ///
    /// What the file has behind them is not of it yet: holes, or parts that came before their turn.
    package let arrived: Int
    /// Bytes of the whole; the most that it may have while that is not known.
    package let size: Int

    package init(path: String, arrived: Int64, size: Int64) {
        self.path = path
        self.arrived = Int(arrived)
        self.size = Int(size)
    }

    /// Bytes of an index that is read beside the uploads, where memory is for them: three hours at 30 pictures a second
    /// take two.
    static let largestIndex = 8 << 20
    /// The same for the samples of a track.
    static let mostSamples = 500_000
}
