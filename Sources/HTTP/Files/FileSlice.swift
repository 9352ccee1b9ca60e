internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A part of an open file.
package struct FileSlice: Sendable {
    let file: OpenFile
    package let offset: Int64
    package let length: Int64

    /// `file`: sent once only; its descriptor goes to the engine with the response.
    package init(_ file: OpenFile, offset: Int64, length: Int64) {
        self.file = file
        self.offset = offset
        self.length = length
    }
}

/// A descriptor that is closed when nobody needs it any more.
package final class OpenFile: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes the descriptor over.
    package init(descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        let open = descriptor.withLock { $0 }
        if open >= 0 { close(open) }
    }

    /// Hands the descriptor over; nil when it has been already.
    func take() -> Int32? {
        descriptor.withLock { value in
            defer { value = -1 }
            return value >= 0 ? value : nil
        }
    }

    /// Reads the descriptor without handing it over; -1 when it has been.
    func withDescriptor<Result>(_ body: (Int32) throws -> Result) rethrows -> Result {
        try body(descriptor.withLock { $0 })
    }
}
