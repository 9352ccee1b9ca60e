internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Takes a stream's bytes where there is no connection.
final class StreamMemory: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ block: [UInt8]) { bytes.withLock { $0.append(contentsOf: block) } }

    var all: [UInt8] { bytes.withLock { $0 } }
}

extension ResponseBody {
    /// The whole body in memory, whatever its kind, without sending it: for tests of handlers.
    package func collect() async throws -> [UInt8] {
        switch self {
        case .empty, .absent: return []
        case .bytes(let bytes): return bytes
        case .shared(let bytes, let range): return Array(bytes.pointer[range])
        case .cached(let cached): return try await cached.response.body.collect()
        case .file(let slice):
            return slice.file.withDescriptor { descriptor in
                [UInt8](unsafeUninitializedCapacity: Int(slice.length)) { buffer, count in
                    count = max(0, pread(descriptor, buffer.baseAddress, Int(slice.length), off_t(slice.offset)))
                }
            }
        case .stream(let write), .sized(_, let write):
            let memory = StreamMemory()
            try await write(StreamWriter(memory: memory))
            return memory.all
        }
    }
}
