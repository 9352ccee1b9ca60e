#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Bytes at a fixed place in memory, so that the engine may send them without a copy.
///
/// `@unchecked Sendable`: written only in `init`, freed only in `deinit`.
package final class SharedBytes: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer
    private let isMapped: Bool

    package init(_ bytes: [UInt8]) {
        storage = .allocate(byteCount: bytes.count, alignment: 16)
        storage.copyBytes(from: bytes)
        isMapped = false
    }

    /// `fill`: writes the whole of the memory.
    init(capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        storage = .allocate(byteCount: capacity, alignment: 16)
        isMapped = false
        try fill(storage)
    }

    /// A file's pages, without a copy of them: for files that are never cut.
    ///
    /// A page that is gone ends the process that reads it; the kernel, which sends it, reports an error instead. Nil
    /// when the system refuses.
    init?(mapping descriptor: Int32, count: Int) {
        guard count > 0, let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            return nil
        }
        storage = UnsafeMutableRawBufferPointer(start: start, count: count)
        isMapped = true
    }

    deinit {
        if isMapped { munmap(storage.baseAddress, storage.count) } else { storage.deallocate() }
    }

    package var count: Int { storage.count }

    /// Valid as long as this object lives.
    var pointer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }

    package var array: [UInt8] { Array(storage) }
}
