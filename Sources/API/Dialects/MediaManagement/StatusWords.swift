internal import Core
internal import Service

/// The engine's states in contract 1's words (contracts/README, "Status, one table").
extension UploadStatus {
    init(_ upload: Upload, asset: AssetRecord?, missing: [Int], masterURL: String?) {
        self.init(
            uploadId: upload.id.rawValue,
            filename: upload.fileName,
            fileSize: upload.size,
            fileType: upload.fileType,
            status: UploadState(upload.state, asset?.version.status),
            progress: asset?.version.progress ?? 0,
            receivedChunks: upload.acceptsParts || upload.state == .failed ? upload.received : upload.parts,
            totalChunks: upload.parts,
            chunkSize: upload.partSize,
            metadata: upload.metadata,
            createdAt: upload.createdAt.iso8601WithMilliseconds,
            lastChunkAt: upload.lastPartAt?.iso8601WithMilliseconds,
            assetId: asset?.id.contractName,
            error: upload.error ?? asset?.version.error,
            missingChunks: upload.acceptsParts ? missing : nil,
            masterUrl: masterURL
        )
    }
}

extension UploadState {
    init(_ state: Upload.State, _ version: VersionRecord.Status?) {
        switch (state, version) {
        case (.created, _): self = .initialized
        case (.receiving, _): self = .uploading
        case (.validating, _): self = .validating
        case (.hashing, _): self = .hashing
        case (.failed, _): self = .failed
        case (.complete, .processing), (.complete, .playable): self = .processing
        case (.complete, .ready): self = .processed
        case (.complete, .failed): self = .processingFailed
        case (.complete, .queued), (.complete, nil): self = .complete
        }
    }
}

extension MediaState {
    init(_ status: VersionRecord.Status) {
        switch status {
        case .queued, .processing, .playable: self = .processing
        case .ready: self = .ready
        case .failed: self = .failed
        }
    }
}
