/// When bytes are made to survive a power cut.
///
/// The end of the process loses nothing that was acknowledged, either way. Unless it is left to the system, bytes that
/// a checksum had not verified never count after a power cut.
package enum UploadSync: String, CaseIterable, Sendable {
    /// Before each acknowledgement: bytes, the folder's entry and the record are on the disk.
    case acknowledge
    /// Before an upload counts as complete; of one under way, a power cut may cost what came last.
    case complete
    /// When the system likes.
    case system
}
