#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension SegmentFiles {
    /// Whether a file is there and has bytes.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_size > 0
    }
}
