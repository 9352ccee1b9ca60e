internal import Core
internal import Foundation
package import ObjectStorage
package import SQL

/// Compares what the database says with what is stored: objects that no row knows, rows whose object is gone, and
/// files that were received for nobody.
///
/// It can look while the service runs: what a job of the same asset may be making or removing at this moment counts as
/// neither. Memory holds one asset's rows and a number for each asset.
package struct StorageAudit: Sendable {
    package struct Report: Sendable, Encodable {
        /// Keys of objects, and paths of staged files, that nothing refers to.
        package var orphans: [String] = []
        /// Keys of objects, and paths of staged files, that rows refer to and that are not there.
        package var missing: [String] = []
        package var assets = 0
        package var objects = 0

        package var isConsistent: Bool { orphans.isEmpty && missing.isEmpty }
    }

    private let database: any Database
    private let store: any ObjectStore
    private let stagingDirectory: String

    package init(database: any Database, store: any ObjectStore, stagingDirectory: String) {
        self.database = database
        self.store = store
        self.stagingDirectory = stagingDirectory
    }

    package func run() async throws -> Report {
        var report = Report()
        var seen = Set<AssetID>()
        var (keys, asset) = ([ObjectKey](), AssetID?.none)
        var last: ObjectKey?
        while true {
            let page = try await store.list(prefix: "assets/", after: last, limit: 1000)
            for object in page {
                report.objects += 1
                let owner = Self.asset(of: object.key)
                // Listings are in the order of keys: an asset's objects follow each other.
                if owner != asset {
                    try await compare(asset, keys, &report)
                    (asset, keys) = (owner, [])
                }
                if let owner { seen.insert(owner) } else { report.orphans.append(object.key.rawValue) }
                if owner != nil { keys.append(object.key) }
            }
            guard let end = page.last?.key else { break }
            last = end
        }
        try await compare(asset, keys, &report)
        try await compareAssetsWithoutObjects(seen, &report)
        try await compareStagedFiles(&report)
        return report
    }

    /// `assets/<id>/…`; nil for anything else.
    private static func asset(of key: ObjectKey) -> AssetID? {
        let parts = key.rawValue.split(separator: "/", maxSplits: 2)
        return parts.count == 3 ? Int64(parts[1]).map { AssetID(rawValue: $0) } : nil
    }

    private func compare(_ asset: AssetID?, _ keys: [ObjectKey], _ report: inout Report) async throws {
        guard let asset else { return }
        let before = try await database.read { try ExpectedObjects(of: asset, in: $0) }
        report.assets += before.isKnown ? 1 : 0
        guard !before.differences(Set(keys.map(\.rawValue))).isEmpty else { return }
        try await compareAgain(asset, before, &report)
    }

    /// What came or went between a look at the rows and one at the objects is no difference: rows are read before and
    /// after, and only what both say counts.
    private func compareAgain(_ asset: AssetID, _ before: ExpectedObjects, _ report: inout Report) async throws {
        let now = try await list(asset)
        let after = try await database.read { try ExpectedObjects(of: asset, in: $0) }
        let (first, second) = (before.differences(now), after.differences(now))
        report.orphans += first.orphans.filter(Set(second.orphans).contains)
        report.missing += first.missing.filter(Set(second.missing).contains)
    }

    private func list(_ asset: AssetID) async throws -> Set<String> {
        var (keys, last) = (Set<String>(), ObjectKey?.none)
        while true {
            let page = try await store.list(prefix: AssetKeys.prefix(asset), after: last, limit: 1000)
            keys.formUnion(page.map(\.key.rawValue))
            guard let end = page.last?.key else { return keys }
            last = end
        }
    }

    private func compareAssetsWithoutObjects(_ seen: Set<AssetID>, _ report: inout Report) async throws {
        var last = AssetID(rawValue: -1)
        while true {
            let after = last
            let page = try await database.read { connection in
                try connection.all("SELECT id FROM assets WHERE id > \(after) ORDER BY id LIMIT 1000")
                    .map { try $0.get("id", as: AssetID.self) }
            }
            guard let end = page.last else { return }
            last = end
            for asset in page where !seen.contains(asset) {
                report.assets += 1
                let before = try await database.read { try ExpectedObjects(of: asset, in: $0) }
                try await compareAgain(asset, before, &report)
            }
        }
    }

    // MARK: - Staged files

    /// A spool younger than this may belong to a request that is being received.
    private static let youth: TimeInterval = 3600

    private func compareStagedFiles(_ report: inout Report) async throws {
        let folder = stagingDirectory
        // Before the first upload there is none; one that cannot be read is no empty one.
        let isThere = FileManager.default.fileExists(atPath: folder)
        let names = isThere ? try FileManager.default.contentsOfDirectory(atPath: folder) : []
        for name in names.sorted() {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".part") {
                let date = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
                if let date, -date.timeIntervalSinceNow > Self.youth { report.orphans.append(path) }
            } else if name.hasSuffix(".data") {
                guard let id = UploadID(parsing: String(name.dropLast(5))) else {
                    report.orphans.append(path)
                    continue
                }
                let upload = try await database.read { try Upload.find(id, in: $0) }
                let isOpen = upload.map { $0.state != .failed && ($0.state != .complete || $0.form == .partial) }
                if isOpen != true { report.orphans.append(path) }
            }
        }
        let received = try await database.read { connection in
            try connection.all(
                """
                SELECT id FROM uploads WHERE (state = 'receiving' AND received > 0 AND form = 'numbered')
                    OR (state = 'complete' AND form = 'partial' AND size > 0)
                """
            ).map { try $0.get("id", as: UploadID.self) }
        }
        let present = Set(names)
        let lost = received.map { "\($0.rawValue).data" }.filter { !present.contains($0) }
        report.missing += lost.map { "\(folder)/\($0)" }
    }
}

/// What should be stored of an asset.
private struct ExpectedObjects {
    /// Keys that must be there, and keys that may.
    private var needed = Set<String>()
    private var allowed = Set<String>()
    /// Beginnings of keys that a job may be writing or removing now.
    private var underWay: [String] = []
    /// Whether the catalog has the asset.
    let isKnown: Bool

    init(of asset: AssetID, in connection: any Connection) throws {
        isKnown = try connection.first("SELECT id FROM assets WHERE id = \(asset)") != nil
        let subject = Subject.asset(asset)
        let jobs = try connection.all(
            """
            SELECT subject FROM jobs WHERE state <> 'dead'
                AND (subject = \(subject) OR (subject >= \(subject + "/") AND subject < \(subject + "0")))
            """
        ).map { try $0.get("subject", as: String.self) }
        if jobs.contains(subject) { underWay.append(AssetKeys.prefix(asset)) }
        let uploads = try connection.first(
            "SELECT id FROM uploads WHERE asset_id = \(asset) AND state IN ('validating', 'hashing')"
        )
        if uploads != nil { underWay.append(AssetKeys.prefix(asset)) }
        let versions = try connection.all("SELECT number, size, poster FROM versions WHERE asset_id = \(asset)")
        for row in versions {
            let number = try row.get("number", as: Int.self)
            let work = Subject.version(asset, number)
            if jobs.contains(where: { $0 == work || $0.hasPrefix(work + "/") }) {
                underWay.append(AssetKeys.prefix(asset, version: number))
            }
            // An empty file may be kept or not.
            let original = try AssetKeys.original(asset, version: number).rawValue
            if try row.get("size", as: Int64.self) > 0 { needed.insert(original) } else { allowed.insert(original) }
            try addRenditions(asset, number, in: connection)
            let names = try addDerivatives(asset, number, in: connection)
            if try row.get("poster", as: Int.self) == 1, !names.contains(Derivative.picturePoster) {
                needed.insert(try AssetKeys.poster(asset, version: number).rawValue)
            }
        }
    }

    /// - Returns: their names.
    private mutating func addDerivatives(
        _ asset: AssetID,
        _ version: Int,
        in connection: any Connection
    ) throws -> Set<String> {
        var names = Set<String>()
        try connection.each(
            """
            SELECT name, extension, mime_type, width, height, bytes FROM derivatives
            WHERE asset_id = \(asset) AND version = \(version)
            """
        ) { row in
            let derivative = try Derivative(row: row)
            names.insert(derivative.name)
            needed.insert(try derivative.key(asset, version: version).rawValue)
        }
        return names
    }

    private mutating func addRenditions(_ asset: AssetID, _ version: Int, in connection: any Connection) throws {
        for rendition in try VersionState.renditions(asset, version, in: connection) {
            let name = rendition.name
            let first = try AssetKeys.file(asset, version: version, rendition: name, name: "init.mp4")
            if rendition.codecs != nil { needed.insert(first.rawValue) }
            if rendition.isComplete {
                allowed.insert(try AssetKeys.mp4(asset, version: version, rendition: name).rawValue)
            }
        }
        try connection.each(
            "SELECT rendition, number FROM segments WHERE asset_id = \(asset) AND version = \(version)"
        ) { row in
            let name = "\(try row.get("number", as: Int.self)).m4s"
            let rendition = try row.get("rendition", as: String.self)
            needed.insert(try AssetKeys.file(asset, version: version, rendition: rendition, name: name).rawValue)
        }
    }

    struct Differences {
        let orphans: [String]
        let missing: [String]
        var isEmpty: Bool { orphans.isEmpty && missing.isEmpty }
    }

    func differences(_ present: Set<String>) -> Differences {
        func isUnderWay(_ key: String) -> Bool { underWay.contains { key.hasPrefix($0) } }
        let orphans = present.subtracting(needed).subtracting(allowed).filter { !isUnderWay($0) }
        let missing = needed.subtracting(present).filter { !isUnderWay($0) }
        return Differences(orphans: orphans.sorted(), missing: missing.sorted())
    }
}
