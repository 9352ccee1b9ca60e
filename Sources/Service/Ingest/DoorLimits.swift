/// What one door allows the uploads that it begins.
package struct DoorLimits: Sendable, Equatable {
    /// Bytes of the largest file.
    package let maximumSize: Int64
    /// The longest video or sound; nil for no limit.
    package let maximumDuration: Duration?

    package init(maximumSize: Int64, maximumDuration: Duration? = nil) {
        self.maximumSize = maximumSize
        self.maximumDuration = maximumDuration
    }
}
