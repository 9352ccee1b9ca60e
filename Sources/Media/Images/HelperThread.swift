internal import Core
internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A thread that owns an image helper for as long as either lives.
///
/// bubblewrap's parent-death signal watches the thread that started it, so the helper needs one that stays.
final class HelperThread: @unchecked Sendable {
    /// What is asked of a helper once.
    struct Exchange: Sendable {
        let work: ImageTask.Work
        let format: ImageFormat
        let path: String
        let folder: String
        let patience: Duration
        let isWanted: @Sendable () -> Bool
    }

    private typealias Answer = CheckedContinuation<Result<ImageReport, any Error>?, Never>

    // Unchecked: the three below are only touched under `condition`.
    private let condition = NSCondition()
    private var request: (exchange: Exchange, answer: Answer)?
    private var isOver = false

    init(_ executable: String, _ arguments: [String]) {
        let thread = Thread { [self] in live(executable, arguments) }
        thread.name = "image helper"
        thread.stackSize = 1 << 20
        thread.start()
    }

    var hasEnded: Bool { condition.withLock { isOver } }

    /// One exchange; nil when the helper had ended before it.
    func perform(_ exchange: Exchange) async -> Result<ImageReport, any Error>? {
        await withCheckedContinuation { answer in
            let isTaken = condition.withLock {
                guard !isOver else { return false }
                request = (exchange, answer)
                condition.signal()
                return true
            }
            if !isTaken { answer.resume(returning: nil) }
        }
    }

    private func live(_ executable: String, _ arguments: [String]) {
        do {
            var process = try HelperProcess(executable, arguments)
            var pictures = 0
            while let (exchange, answer) = nextRequest() {
                let result = Result { try Self.perform(exchange, &process) }
                pictures += 1
                // Known to be over before whoever asked can ask again.
                if !Self.isStillGood(result, pictures) { condition.withLock { isOver = true } }
                answer.resume(returning: result.flatMap(Self.refused))
            }
        } catch {
            let error = MediaError(.toolFailed, "Pictures cannot be processed at the moment.", detail: "\(error)")
            let request = nextRequest()
            // Known before the answer: whoever asked next would never be answered.
            condition.withLock { isOver = true }
            request?.answer.resume(returning: .failure(error))
        }
    }

    /// Waits for work; nil when there was none for a while, or shall be no more.
    private func nextRequest() -> (exchange: Exchange, answer: Answer)? {
        condition.withLock {
            let end = Date(timeIntervalSinceNow: ImageHelpers.idleTime)
            while request == nil, !isOver, condition.wait(until: end) {}
            defer { request = nil }
            if request == nil { isOver = true }
            return request
        }
    }

    private static func perform(_ exchange: Exchange, _ process: inout HelperProcess) throws -> ImageReport {
        let file = open(exchange.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw MediaError(.file, "The picture could not be read.", detail: "\(exchange.path): errno \(errno)")
        }
        defer { close(file) }
        let count = Int(lseek(file, 0, SEEK_END))
        lseek(file, 0, SEEK_SET)
        let limit = ImageLimits().bytes
        guard count <= limit else {
            return refusal(
                MediaError(.limitExceeded, "This picture is larger than the \(limit >> 20) MB that are allowed.")
            )
        }
        return try process.perform(
            ImageTask(work: exchange.work, format: exchange.format, count: count),
            file: file,
            into: exchange.folder,
            deadline: .now + exchange.patience,
            isWanted: exchange.isWanted
        )
    }

    private static func refusal(_ error: MediaError) -> ImageReport {
        let refusal = ImageReport.Refusal(reason: error.reason, message: error.message, detail: error.detail)
        return ImageReport(files: [], facts: nil, refusal: refusal, peakMemory: 0)
    }

    /// A refusal leaves the helper well; every other failure ends it.
    private static func isStillGood(_ result: Result<ImageReport, any Error>, _ pictures: Int) -> Bool {
        guard case .success(let report) = result else { return false }
        return pictures < ImageHelpers.pictures && report.peakMemory < ImageHelpers.memory
    }

    private static func refused(_ report: ImageReport) -> Result<ImageReport, any Error> {
        guard let refusal = report.refusal else { return .success(report) }
        return .failure(MediaError(refusal.reason, refusal.message, detail: refusal.detail))
    }
}
