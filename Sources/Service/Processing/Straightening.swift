internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// Originals whose clock jumps, as recorders make them that put one recording after another.
///
/// Everything that is made of such an original is made of a copy with one clock, which is kept beside it as the
/// derivative `straight`; any other original is never copied.
extension ProcessingContext {
    /// nil for an original that needs none, or was not looked into.
    func straightCopy(of asset: AssetID, _ version: Int) throws -> Derivative? {
        let path = store.localPath(try Self.straight(bytes: 0).key(asset, version: version))
        return try path.flatMap { try StagedFile.length($0) }.map { Self.straight(bytes: $0) }
    }

    private static func straight(bytes: Int64) -> Derivative {
        Derivative(name: "straight", fileExtension: "media", mimeType: "application/octet-stream", bytes: bytes)
    }

    /// Makes the copy unless it is there.
    ///
    /// Where that cannot be done the original stays alone, and plays as its times say.
    func straighten(_ asset: AssetID, _ version: Int) async throws {
        if try straightCopy(of: asset, version) == nil { try await makeStraightCopy(of: asset, version) }
        guard let copy = try straightCopy(of: asset, version) else { return }
        try await database.write { try copy.record(for: asset, version: version, in: $0) }
        try await removeIfDeleted(asset, version)
    }

    private func makeStraightCopy(of asset: AssetID, _ version: Int) async throws {
        let source = try untouchedOriginal(asset, version)
        let info = try await Prober(tools: tools).probe(source)
        try await withWorkFolder { folder in
            let path = "\(folder)/straight"
            do {
                try await StraightCopy(tools: tools).make(of: source, info: info, to: path)
            } catch let error as MediaError where error.reason == .damaged {
                return logger.warning(
                    "parts not joined",
                    ["asset": .integer(asset.rawValue), "error": .string(error.debugDescription)]
                )
            }
            let key = try Self.straight(bytes: 0).key(asset, version: version)
            _ = try await store.put(key, file: path, consuming: true)
        }
    }
}
