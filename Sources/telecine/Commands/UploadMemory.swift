internal import Crypto
internal import Foundation
internal import Synchronization

/// Which upload of a file is under way, kept in the user's cache so that the same command goes on with it.
///
/// A cache that cannot be written is no reason to stop: `--resume` says the same.
final class UploadMemory: Sendable {
    private struct Entry: Codable, Hashable {
        let service: String
        let file: String
        let size: Int64
        let modified: Int64
        let uploadID: String
    }

    private let service: String
    private let file: URL
    private let place: URL
    private let kept = Mutex<String?>(nil)

    init(file: URL, service: URL, cache: URL? = nil) {
        self.file = file.resolvingSymlinksInPath()
        self.service = service.absoluteString
        let name = Hex.encode(SHA256.hash(Array("\(self.service)\n\(self.file.path)".utf8)))
        let root = cache ?? FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first
        place = (root ?? FileManager.default.temporaryDirectory).appendingPathComponent("telecine/uploads/\(name).json")
    }

    /// The upload of this call, once there is one.
    var uploadID: String? { kept.withLock { $0 } }

    /// The upload that an earlier call began, when the file is still the same.
    func recall() -> String? {
        guard let bytes = try? Data(contentsOf: place), let entry = try? JSONDecoder().decode(Entry.self, from: bytes),
            entry == self.entry(entry.uploadID)
        else { return nil }
        return entry.uploadID
    }

    func keep(_ uploadID: String) {
        let isNew = kept.withLock { kept in
            defer { kept = uploadID }
            return kept != uploadID
        }
        guard isNew, let entry = entry(uploadID), let bytes = try? JSONEncoder().encode(entry) else { return }
        try? FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try? bytes.write(to: place, options: .atomic)
    }

    func forget() {
        try? FileManager.default.removeItem(at: place)
    }

    private func entry(_ uploadID: String) -> Entry? {
        guard let facts = try? FileManager.default.attributesOfItem(atPath: file.path),
            let size = facts[.size] as? NSNumber, let modified = facts[.modificationDate] as? Date
        else { return nil }
        return Entry(
            service: service,
            file: file.path,
            size: size.int64Value,
            modified: Int64(modified.timeIntervalSince1970 * 1000),
            uploadID: uploadID
        )
    }
}
