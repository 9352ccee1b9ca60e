internal import Core
internal import Foundation

/// The far side of `ImageHelpers`: decodes pictures that come by standard input, answers by standard output.
///
/// A process of its own behind the sandbox's walls. It opens no file: what a picture could make of it, it could only
/// do to itself.
package enum ImageHelper {
    /// Serves until standard input ends.
    ///
    /// - Throws: when the other side speaks nonsense or is gone.
    package static func serve(input: Int32 = 0, output: Int32 = 1) async throws {
        try await BlockingWork.run("images") {
            // Said in the first answer, when it cannot be.
            try? VipsPicture.start()
            var reader = DescriptorReader(descriptor: input)
            while let line = try reader.line(limit: HelperProcess.lineLimit) {
                let task = try JSONDecoder().decode(ImageTask.self, from: Data(line))
                let bytes = try reader.bytes(task.count)
                try answer(task, bytes, to: output)
            }
        }
    }

    private static func answer(_ task: ImageTask, _ bytes: [UInt8], to output: Int32) throws {
        var result = ImageRenderer.Output()
        var refusal: ImageReport.Refusal?
        do {
            result = try ImageRenderer(limits: ImageLimits()).run(task.work, on: bytes, task.format)
        } catch let error as MediaError {
            refusal = ImageReport.Refusal(reason: error.reason, message: error.message, detail: error.detail)
        }
        let report = ImageReport(
            files: result.files.map(\.file),
            facts: result.facts,
            refusal: refusal,
            peakMemory: peakMemory
        )
        try write([UInt8](try JSONEncoder().encode(report)) + [UInt8(ascii: "\n")], to: output)
        for file in result.files { try write(file.bytes, to: output) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Foundation.write(descriptor, part.baseAddress, part.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw MediaError(.toolFailed, "The answer could not be sent.") }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// In bytes; Linux counts in kibibytes, macOS in bytes.
    private static var peakMemory: Int {
        var usage = rusage()
        #if os(Linux)
            // RUSAGE_SELF is 0, and comes from C as another type.
            getrusage(0, &usage)
            return Int(usage.ru_maxrss) * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }
}

/// Reads lines and exact counts of bytes from a pipe.
private struct DescriptorReader {
    let descriptor: Int32
    private var waiting: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Without its end; nil at the end of everything.
    mutating func line(limit: Int) throws -> [UInt8]? {
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(waiting[..<end])
                waiting.removeFirst(end + 1)
                return line
            }
            guard waiting.count <= limit else { throw MediaError(.toolFailed, "A request is too long.") }
            guard try more() else { return nil }
        }
    }

    mutating func bytes(_ count: Int) throws -> [UInt8] {
        waiting.reserveCapacity(count)
        while waiting.count < count {
            guard try more() else { throw MediaError(.toolFailed, "A request ended early.") }
        }
        let bytes = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        return bytes
    }

    private mutating func more() throws -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            var count: Int
            repeat { count = read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
            guard count >= 0 else { throw MediaError(.toolFailed, "A request could not be read.") }
            waiting.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count > 0
        }
    }
}
