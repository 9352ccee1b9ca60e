internal import Core

extension DiskStore {
    package func list(prefix: String, after: ObjectKey?, limit: Int) async throws -> [ObjectInfo] {
        guard ObjectKey.isPrefix(prefix), limit > 0 else {
            throw ServiceError(.invalidRequest, "No object has a name that begins so.")
        }
        return try await pool.run {
            // Straight to the folder of the prefix: its neighbours may be a million.
            let names = prefix.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            guard let folder = try folder(names) else { return [] }
            var listing = Listing(prefix: prefix, after: after?.rawValue, limit: min(limit, 1000), store: self)
            try listing.visit(folder, path: names.map { $0 + "/" }.joined())
            return listing.found
        }
    }
}

/// One page, gathered in the order of keys.
private struct Listing {
    let prefix: String
    let after: String?
    let limit: Int
    let store: DiskStore
    var found: [ObjectInfo] = []

    /// Looks through a folder.
    ///
    /// Its path ends in a slash; the root's is empty.
    mutating func visit(_ folder: Folder, path: String) throws(ServiceError) {
        // With its slash a folder sorts where its objects do: `a-b` before `a/b` before `a0`.
        var paths: [String] = []
        for entry in try folder.entries() where ObjectKey.isSegment(entry.name) {
            let entryPath = path + entry.name + (entry.isFolder ? "/" : "")
            if mayHold(entryPath, isFolder: entry.isFolder) { paths.append(entryPath) }
        }
        paths.sort()
        for entryPath in paths {
            guard found.count < limit else { return }
            let name = entryPath.dropFirst(path.count)
            if name.hasSuffix("/") {
                if let child = try folder.folder(name.dropLast()) { try visit(child, path: entryPath) }
            } else if let key = try? ObjectKey(entryPath), let status = try folder.status(of: name), status.isFile {
                found.append(store.describe(key, status))
            }
        }
    }

    /// Whether the object is wanted, or the folder may contain one that is.
    private func mayHold(_ path: String, isFolder: Bool) -> Bool {
        let fits = path.hasPrefix(prefix) || (isFolder && prefix.hasPrefix(path))
        guard fits, let after else { return fits }
        return path > after || (isFolder && after.hasPrefix(path))
    }
}
