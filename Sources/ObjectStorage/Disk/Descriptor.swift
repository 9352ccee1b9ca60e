internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An open file or folder, closed when nobody holds it any more.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    func status() throws(ServiceError) -> stat {
        var status = stat()
        try check("fstat") { fstat(number, &status) }
        return status
    }

    /// Waits until the disk has the content, or the entries of a folder.
    func sync() throws(ServiceError) {
        try check("fsync") { fsync(number) }
    }

    /// Appends all bytes.
    func write(_ bytes: [UInt8]) throws(ServiceError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(ServiceError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let slice = UnsafeBufferPointer(rebasing: rest)
                rest = rest.dropFirst(try check("write") { systemWrite(number, slice.baseAddress, slice.count) })
            }
        }
    }

    /// Up to `count` bytes from a place in the file; fewer only at its end.
    func read(at offset: Int64, count: Int) throws(ServiceError) -> [UInt8] {
        var failure: ServiceError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            do throws(ServiceError) {
                while filled < count {
                    let target = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...]
                    )
                    let place = off_t(offset) + off_t(filled)
                    let got = try check("read") { pread(number, target.baseAddress, target.count, place) }
                    if got == 0 { break }
                    filled += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Takes the whole content of another file, into this empty one.
    func copy(_ source: Descriptor) throws(ServiceError) {
        #if canImport(Glibc)
            // FICLONE of linux/fs.h, a macro that does not import: shares the blocks where the file system can.
            if ioctl(number, 0x4004_9409, source.number) == 0 { return }
        #endif
        var offset: Int64 = 0
        while true {
            let bytes = try source.read(at: offset, count: 1 << 20)
            if bytes.isEmpty { return }
            try write(bytes)
            offset += Int64(bytes.count)
        }
    }
}

/// `write` alone would mean the method.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, bytes, count)
}
