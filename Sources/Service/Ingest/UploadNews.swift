package import Core
internal import Synchronization

/// What there is to tell of an upload to somebody who watches it.
package struct UploadNews: Sendable, Equatable {
    package let id: UploadID
    package let state: Upload.State
    /// Bytes that count; nil for one that is made of others and is not made yet.
    package let offset: Int64?
    /// Bytes; nil while the length is to come.
    package let size: Int64?
    package let receivedParts: Int
    package let parts: Int
    package let assetID: AssetID?
    /// Of the asset's first version, once there is one.
    package let status: VersionRecord.Status?
    /// Of processing, 0 to 100.
    package let progress: Int
    /// Why it failed, in words for its owner.
    package let error: String?
    /// To what plays of it before it is complete.
    package var early: Delivery.Link?

    /// Nothing more will come: it is ready, has failed, or is one part of another.
    package var isFinal: Bool {
        switch (state, status) {
        case (.failed, _), (.complete, .ready), (.complete, .failed): true
        case (.complete, nil): true
        default: false
        }
    }
}

extension Ingest {
    /// The upload as somebody who watches it sees it; a failed one too.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`.
    func news(of id: UploadID, for owner: UserID, _ catalog: Catalog) async throws -> UploadNews {
        let upload = try await find(id, for: owner)
        var asset: AssetRecord?
        if upload.state == .complete, let made = upload.assetID {
            do {
                asset = try await catalog.asset(made, version: upload.version, for: owner)
            } catch let error as ServiceError where error.code == .notFound {
                // Deleted meanwhile.
            }
        }
        let size = upload.isLengthKnown ? upload.size : nil
        let offset = upload.state == .failed ? 0 : try await offset(of: upload)
        return UploadNews(
            id: id,
            state: upload.state,
            offset: offset,
            size: size,
            receivedParts: receivedParts(of: upload, at: offset),
            parts: upload.parts,
            assetID: asset?.id,
            status: asset?.version.status,
            progress: asset?.version.progress ?? 0,
            error: upload.error ?? asset?.version.error
        )
    }

    private func receivedParts(of upload: Upload, at offset: Int64?) -> Int {
        guard upload.acceptsParts || upload.state == .failed else { return upload.parts }
        guard upload.form == .numbered else { return Int((offset ?? 0) / upload.partSize) }
        // Memory knows before the row does.
        return active.withLock { $0.entries[upload.id]?.upload.received } ?? upload.received
    }
}
