public import Core
public import Foundation

/// How far the bytes of an upload are.
public struct UploadProgress: Hashable, Sendable {
    /// The upload's identifier: keep it to resume.
    public let uploadID: String
    /// Bytes that the service has acknowledged.
    public let sentBytes: Int64
    /// Bytes of the file.
    public let totalBytes: Int64

    /// 0 to 1.
    public var fraction: Double { totalBytes > 0 ? Double(sentBytes) / Double(totalBytes) : 0 }
}

extension Telecine {
    /// Sends a file in chunks, three at a time, and returns when the service has them all.
    ///
    /// A chunk that fails on its way is sent again. After a cancellation, a crash or a lost network, call again
    /// with `resuming`: only what the service does not have is sent.
    ///
    /// - Parameters:
    ///   - file: the file; it must not change meanwhile.
    ///   - type: its media type; guessed from the name when absent.
    ///   - metadata: whatever belongs to it; `title` and `description` are shown.
    ///   - fileHash: its SHA-256 in hexadecimal, to be verified by the service.
    ///   - resuming: the identifier of an upload of the same file that was interrupted.
    ///   - progress: called once when the upload exists and after every chunk, never twice at once.
    /// - Returns: the upload's state after the last byte.
    /// - Throws: `TelecineError`, or `CancellationError`.
    public func upload(
        file: URL,
        type: String? = nil,
        metadata: [String: JSONValue] = [:],
        fileHash: String? = nil,
        resuming: String? = nil,
        progress: @Sendable (UploadProgress) -> Void = { _ in }
    ) async throws -> UploadStatus {
        let source = try SourceFile(file)
        if let resuming {
            let status = try await resumable(resuming, source)
            if status.status.isFinal { return try Self.checked(status) }
            guard let chunkSize = status.chunkSize else {
                throw TelecineError(.unexpectedAnswer, "The service does not say how to resume.")
            }
            return try await complete(status, from: source, chunkSize: chunkSize, progress: progress)
        }
        let request = UploadInitRequest(
            filename: file.lastPathComponent,
            fileSize: source.size,
            fileType: type ?? source.type,
            metadata: metadata.isEmpty ? nil : metadata,
            fileHash: fileHash
        )
        let answer: UploadInitResponse = try await connection.answer(
            to: .json("/api/uploads/init", request, authenticated: true, repeatable: true)
        )
        let status = try await self.status(of: answer.uploadId)
        return try await complete(status, from: source, chunkSize: answer.chunkSize, progress: progress)
    }

    private func resumable(_ uploadID: String, _ source: SourceFile) async throws -> UploadStatus {
        let status = try await status(of: uploadID)
        guard status.fileSize == source.size else {
            throw TelecineError(
                .changedFile,
                "That upload is of a file of \(status.fileSize) bytes; this one has \(source.size)."
            )
        }
        return status
    }

    /// Sends what the service misses until it misses nothing; a round that changes nothing is an error.
    private func complete(
        _ status: UploadStatus,
        from source: SourceFile,
        chunkSize: Int64,
        progress: @Sendable (UploadProgress) -> Void
    ) async throws -> UploadStatus {
        let plan = try ChunkPlan(fileSize: source.size, chunkSize: chunkSize)
        var status = status
        var missing = plan.missing(status)
        repeat {
            let before = missing.count
            try await send(missing, of: plan, from: source, to: status.uploadId, progress: progress)
            status = try await self.status(of: status.uploadId)
            missing = status.status.isFinal ? [] : plan.missing(status)
            guard missing.isEmpty || missing.count < before else {
                throw TelecineError(.unexpectedAnswer, "The service does not keep what it was sent.")
            }
        } while !missing.isEmpty
        return try Self.checked(status)
    }

    /// Where an upload stands.
    public func status(of uploadID: String) async throws -> UploadStatus {
        try await connection.answer(to: Call(path: "/api/uploads/\(uploadID.pathSegment)"))
    }

    /// Waits until a complete upload is ready to be watched.
    ///
    /// - Parameters:
    ///   - uploadID: the upload.
    ///   - interval: how often the service is asked.
    ///   - progress: called with every answer.
    /// - Returns: the last state, which names the asset.
    /// - Throws: `TelecineError` with the reason when the upload or its processing failed.
    @discardableResult
    public func waitUntilProcessed(
        _ uploadID: String,
        every interval: Duration = .seconds(1),
        progress: @Sendable (UploadStatus) -> Void = { _ in }
    ) async throws -> UploadStatus {
        while true {
            let status = try await status(of: uploadID)
            progress(status)
            if status.status.isFinal { return try Self.checked(status) }
            try await Task.sleep(for: interval)
        }
    }

    private static func checked(_ status: UploadStatus) throws(TelecineError) -> UploadStatus {
        guard status.status == .failed || status.status == .processingFailed else { return status }
        throw TelecineError(.failedUpload, status.error ?? "The service could not use \(status.filename).")
    }

    private static let parallelism = 3

    private func send(
        _ chunks: [ChunkPlan.Chunk],
        of plan: ChunkPlan,
        from source: SourceFile,
        to uploadID: String,
        progress: @Sendable (UploadProgress) -> Void
    ) async throws {
        var sent = plan.fileSize - chunks.reduce(0) { $0 + Int64($1.length) }
        func report() {
            progress(UploadProgress(uploadID: uploadID, sentBytes: sent, totalBytes: plan.fileSize))
        }
        report()
        let path = "/api/uploads/\(uploadID.pathSegment)/chunks"
        try await withThrowingTaskGroup(of: Int.self) { group in
            var waiting = chunks[...]
            func startNext() {
                guard let chunk = waiting.popFirst() else { return }
                group.addTask {
                    let form = ChunkForm(number: chunk.number, total: plan.total, bytes: try source.read(chunk))
                    let call = Call(method: "POST", path: path, body: form.body, contentType: form.contentType)
                    let _: ChunkReceipt = try await connection.answer(to: call)
                    return chunk.length
                }
            }
            for _ in 0..<Self.parallelism { startNext() }
            while let length = try await group.next() {
                sent += Int64(length)
                report()
                startNext()
            }
        }
    }
}
