internal import Core
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The processes that decode pictures (MEDIA, "Images"): started when there is work, used again, replaced in time.
///
/// A helper takes pictures one at a time and keeps none of them. It is ended after a hundred, when it has grown past
/// half a gigabyte, when it was idle for half a minute, and at once when it dies, lies or takes too long.
package final class ImageHelpers: Sendable {
    static let pictures = 100
    static let memory = 512 << 20
    static let idleTime: TimeInterval = 30
    /// CPU seconds of one helper, over all of its pictures.
    private static let cpuSeconds = 600
    /// Address space in bytes: 250 million pixels of 16 bits and four bands take two gigabytes, twice for a moment.
    private static let addressSpace = 5 << 30

    private let executable: String
    private let arguments: [String]
    /// Wall time of one picture.
    private let patience: Duration
    private let idle = Mutex<[HelperThread]>([])

    /// - `helper`: the command line of a program that calls `ImageHelper.serve`; an absolute path first.
    package init(
        tools: MediaTools,
        helper: [String] = [Bundle.main.executablePath ?? CommandLine.arguments[0], "image-helper"],
        patience: Duration = .seconds(120)
    ) {
        var limits = tools.limits
        limits.addressSpace = Self.addressSpace
        // It has no file to write; liborc, which libvips computes with, keeps its machine code in a small one.
        limits.fileSize = 1 << 20
        let folders = Self.libraryFolders()
        let line = tools.sandbox.command(
            helper[0],
            Array(helper.dropFirst()),
            visible: [helper[0]] + folders,
            libraries: folders,
            limits: limits,
            cpuSeconds: Self.cpuSeconds
        )
        executable = line.executable
        arguments = line.arguments
        self.patience = patience
    }

    /// Makes the sizes that every picture has, and its file without metadata, in a folder.
    ///
    /// Files are named `<name>.<extension>` as the report lists them.
    /// - Throws: `MediaError` with a sentence for the owner, `CancellationError`.
    package func derivatives(of path: String, _ format: ImageFormat, into folder: String) async throws -> ImageReport {
        try await run(.derivatives, path, format, folder)
    }

    /// Makes one size of a picture, as `variant.<extension>`.
    package func variant(
        _ variant: ImageVariant,
        of path: String,
        _ format: ImageFormat,
        into folder: String
    ) async throws -> ImageReport {
        try await run(.variant(variant), path, format, folder)
    }

    /// Makes the file without metadata alone, as `original.<extension>`, and checks the size that it states.
    package func clean(_ path: String, _ format: ImageFormat, into folder: String) async throws -> ImageReport {
        try await run(.clean, path, format, folder)
    }

    private func run(
        _ work: ImageTask.Work,
        _ path: String,
        _ format: ImageFormat,
        _ folder: String
    ) async throws -> ImageReport {
        try Task.checkCancellation()
        let cancelled = CancellationFlag()
        return try await withTaskCancellationHandler {
            let exchange = HelperThread.Exchange(
                work: work,
                format: format,
                path: path,
                folder: folder,
                patience: patience,
                isWanted: { !cancelled.isSet }
            )
            let (used, first) = await perform(exchange, fresh: false)
            // One that had waited may have been dead for long: that says nothing about this picture.
            guard used, case .failure(let error as MediaError) = first, error.reason == .toolFailed else {
                return try first.get()
            }
            return try await perform(exchange, fresh: true).result.get()
        } onCancel: {
            cancelled.set()
        }
    }

    /// On an idle helper, or on a new one.
    private func perform(
        _ exchange: HelperThread.Exchange,
        fresh: Bool
    ) async -> (used: Bool, result: Result<ImageReport, any Error>) {
        var helper = fresh ? nil : idle.withLock { $0.popLast() }
        while let candidate = helper {
            if let result = await candidate.perform(exchange) {
                keep(candidate)
                return (true, result)
            }
            // It had just ended.
            helper = idle.withLock { $0.popLast() }
        }
        let started = HelperThread(executable, arguments)
        let result = await started.perform(exchange)
        keep(started)
        return (false, result ?? .failure(MediaError(.toolFailed, "Pictures cannot be processed at the moment.")))
    }

    private func keep(_ helper: HelperThread) {
        idle.withLock { idle in
            idle.removeAll(where: \.hasEnded)
            if !helper.hasEnded { idle.append(helper) }
        }
    }

    /// Folders outside the system's from which this very program's libraries came: Swift's own, mostly.
    private static func libraryFolders() -> [String] {
        let maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard maps >= 0 else { return [] }
        defer { close(maps) }
        // Piece by piece: the file has no length, and what reads files whole stops after its first page.
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(maps, &piece, piece.count), count > 0 { text += piece[..<count] }
        let paths = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line -> String? in
            guard let start = line.firstIndex(of: "/"), line[start...].contains(".so") else { return nil }
            let path = String(line[start...])
            let isSystems = ["/usr/", "/lib/", "/lib64/"].contains { path.hasPrefix($0) }
            return isSystems ? nil : URL(fileURLWithPath: path).deletingLastPathComponent().path
        }
        return Set(paths).sorted()
    }
}
