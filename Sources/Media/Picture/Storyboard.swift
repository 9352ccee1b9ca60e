internal import Core

/// Small pictures of a video, tiled into sprites, for the bar on which a viewer seeks.
///
/// A value: where every tile stands follows from it, so that the WebVTT is computed, never stored.
package struct Storyboard: Codable, Sendable, Hashable {
    /// Tiles of a whole video: enough for a bar of a screen's width.
    static let maximumTiles = 200
    /// Pixels of a tile's longer side.
    static let side = 160
    static let columns = 5
    static let rows = 5

    /// Microseconds that a tile stands for.
    package let interval: Int64
    /// Tiles in all; the last sprite may be partly black.
    package let count: Int
    /// Of one tile, in pixels.
    package let width: Int
    package let height: Int
    package let columns: Int
    package let rows: Int
    /// Of the whole video, in microseconds.
    package let duration: Int64

    package var sprites: Int { (count + columns * rows - 1) / (columns * rows) }

    /// A tile a second at most, and never more than 200 of them.
    ///
    /// - Parameters:
    ///   - duration: of the version's timeline.
    ///   - size: of the picture on a screen, in pixels.
    package init(duration: Duration, size: (width: Int, height: Int)) {
        let length = max(1, duration.microseconds)
        let second: Int64 = 1_000_000
        let seconds = (length + second - 1) / second
        let step = max(1, (seconds + Int64(Self.maximumTiles) - 1) / Int64(Self.maximumTiles))
        interval = step * second
        count = Int((length + interval - 1) / interval)
        let longer = max(size.width, size.height, 1)
        width = max(2, size.width * Self.side / longer / 2 * 2)
        height = max(2, size.height * Self.side / longer / 2 * 2)
        columns = Self.columns
        rows = Self.rows
        self.duration = length
    }

    /// The WebVTT that players read: a cue a tile, its place in a sprite as a media fragment.
    ///
    /// `sprite`: the address of a sprite, relative to the file's.
    package func webVTT(sprite: (Int) -> String) -> String {
        var text = "WEBVTT\n"
        for index in 0..<count {
            let (sheet, place) = (index / (columns * rows), index % (columns * rows))
            let start = Int64(index) * interval
            let end = min(start + interval, duration)
            text +=
                "\n\(CueTime.text(start)) --> \(CueTime.text(max(end, start + 1000)))\n\(sprite(sheet))#xywh="
                + "\(place % columns * width),\(place / columns * height),\(width),\(height)\n"
        }
        return text
    }
}
