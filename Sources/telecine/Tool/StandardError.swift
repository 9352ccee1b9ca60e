internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Standard error for many writers: whole lines in their order, in few system calls.
///
/// A line that can wait is out within ``patience``; what is urgent goes at once, with all that waited.
enum StandardError {
    private static let patience = DispatchTimeInterval.milliseconds(50)
    /// Bytes that may wait.
    private static let room = 32 << 10
    private static let waiting = Mutex<[UInt8]>([])
    /// Held while writing, so that blocks keep their order; always taken before `waiting`.
    private static let writing = Mutex<Void>(())
    private static let clock = DispatchQueue(label: "telecine.log")

    static func write(_ text: String, isUrgent: Bool) {
        let (isFirst, isFull) = waiting.withLock { bytes in
            let isFirst = bytes.isEmpty
            if isFirst { bytes.reserveCapacity(room + 1024) }
            bytes.append(contentsOf: text.utf8)
            return (isFirst, bytes.count >= room)
        }
        if isUrgent || isFull {
            flush()
        } else if isFirst {
            clock.asyncAfter(deadline: .now() + patience) { flush() }
        }
    }

    /// Writes what waits; on return it is the system's.
    static func flush() {
        writing.withLock { _ in
            let bytes = waiting.withLock { bytes in
                defer { bytes = [] }
                return bytes
            }
            bytes.withUnsafeBytes { Console.write($0, to: STDERR_FILENO) }
        }
    }
}
