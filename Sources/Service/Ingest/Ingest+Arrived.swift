package import Core
internal import ObjectStorage
internal import SQL

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What there is of an upload, for who may see it for another reason than that it is his.
extension Ingest {
    package struct Arrived: Sendable {
        package let upload: Upload
        /// Where its bytes are: staged, or the original that they have become.
        package let path: String
        /// Bytes from its beginning that are there for good.
        package let prefix: Int64
        /// Bytes of the whole; the most that it may have while that is not known.
        package let size: Int64
    }

    /// Finds an upload's bytes, before its end and after.
    ///
    /// - Throws: `.notFound` for one that failed, was terminated or has expired, and for those of several pieces.
    package func arrived(_ id: UploadID) async throws -> Arrived {
        guard let upload = try await database.read({ try Upload.find(id, in: $0) }), upload.state != .failed,
            upload.form == .numbered || upload.form == .appended
        else { throw ServiceError(.notFound, "Upload not found") }
        let staged = stagedPath(id)
        if upload.acceptsParts {
            guard upload.expiresAt > .now, let prefix = try await offset(of: upload) else {
                throw ServiceError(.notFound, "Upload not found")
            }
            let size = upload.isLengthKnown ? upload.size : upload.sizeLimit ?? configuration.maximumSize
            return Arrived(upload: upload, path: staged, prefix: prefix, size: size)
        }
        let isStaged = try await disk.run { access(staged, R_OK) == 0 }
        let original = try upload.assetID.map { try AssetKeys.original($0, version: upload.version) }
        guard let path = isStaged ? staged : original.flatMap(store.localPath) else {
            throw ServiceError(.notFound, "Upload not found")
        }
        return Arrived(upload: upload, path: path, prefix: upload.size, size: upload.size)
    }
}
