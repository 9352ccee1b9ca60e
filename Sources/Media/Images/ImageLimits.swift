/// What one picture may cost.
package struct ImageLimits: Sendable {
    /// Bytes of the file.
    package var bytes = 128 << 20
    /// Pixels of one frame: phones make 200 million.
    package var pixels = 250_000_000
    /// Of the longer side: what JPEG itself can have.
    package var side = 65_500
    /// Frames of an animation that are kept, and the pixels of all of them together.
    package var frames = 500
    package var animationPixels = 150_000_000

    package init() {}

    /// - Throws: `MediaError` for a picture without pixels, or with too many.
    func check(width: Int, height: Int) throws {
        guard width > 0, height > 0 else {
            throw MediaError(.damaged, "This picture is damaged: it has no size.", detail: "\(width) × \(height)")
        }
        guard width <= side, height <= side, width * height <= pixels else {
            throw MediaError(
                .tooManyPixels,
                "The picture is \(width) × \(height) pixels; at most \(pixels / 1_000_000) million are allowed, and "
                    + "\(side) on a side."
            )
        }
    }

    /// How many frames of an animation are kept.
    func keptFrames(of frames: Int, width: Int, height: Int) -> Int {
        max(1, min(frames, self.frames, animationPixels / max(1, width * height)))
    }
}
