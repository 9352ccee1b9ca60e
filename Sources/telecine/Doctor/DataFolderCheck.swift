internal import Foundation
internal import Service

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether the data folder can be used, has room, and keeps its secret.
enum DataFolderCheck {
    /// SQLite and one small upload stop working below this.
    private static let least: Int64 = 1 << 30
    /// One upload of the default limit needs its size twice while it is processed.
    private static let comfortable: Int64 = 20 << 30

    static func findings(_ settings: Settings) -> [Finding] {
        let folder = settings.dataDir
        guard let place = existing(folder) else {
            return [Finding("DATA_DIR", .wrong, "\(folder) is nowhere", remedy: "set DATA_DIR to a folder")]
        }
        guard access(place, W_OK | X_OK) == 0 else {
            return [
                Finding(
                    "DATA_DIR",
                    .wrong,
                    "\(place) cannot be written by this user",
                    remedy: "sudo chown -R \(NSUserName()) \(place)"
                )
            ]
        }
        return [room(place)] + fileSystem(place) + secret(TokenSecret.path(dataDir: folder))
    }

    /// The folder itself, or the nearest one above it: that is where it will be made.
    private static func existing(_ folder: String) -> String? {
        var url = URL(fileURLWithPath: folder).standardizedFileURL
        while true {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) {
                return isFolder.boolValue ? url.path : nil
            }
            guard url.path != "/" else { return nil }
            url.deleteLastPathComponent()
        }
    }

    private static func room(_ place: String) -> Finding {
        var facts = statvfs()
        guard statvfs(place, &facts) == 0 else {
            return Finding("disk", .wrong, "\(place): \(String(cString: strerror(errno)))")
        }
        let free = Int64(clamping: UInt64(facts.f_bavail) * UInt64(facts.f_frsize))
        let state: Finding.State = free < least ? .wrong : free < comfortable ? .warning : .good
        return Finding(
            "disk",
            state,
            "\(ByteCount(free)) free at \(place)",
            remedy: state == .good ? nil : "make room, or move DATA_DIR to a larger disk"
        )
    }

    /// Where every write takes new blocks, a full disk ends the service.
    ///
    /// SQLite keeps an index of its log in mapped memory, and the system answers a write to it that finds no block with
    /// SIGBUS; on other file systems the index has its blocks before.
    private static func fileSystem(_ place: String) -> [Finding] {
        guard type(of: place) == "btrfs" else { return [] }
        return [
            Finding(
                "file system",
                .warning,
                "\(place) is on Btrfs: when it is full, or a quota of it reached, the service ends in the middle "
                    + "of a write; nothing that was acknowledged is lost",
                remedy: "keep room there, and let a service manager start the service again; "
                    + "or put DATA_DIR on ext4 or XFS"
            )
        ]
    }

    /// The type of the file system that a folder is on, as the kernel names it; nil where it tells nobody.
    private static func type(of folder: String) -> String? {
        guard let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return nil }
        let path = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path + "/"
        var found: (place: String, type: String)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 2, path.hasPrefix(fields[1] == "/" ? "/" : fields[1] + "/") else { continue }
            // Of two at one place the later one hides the other.
            if fields[1].count >= found?.place.count ?? 0 { found = (fields[1], fields[2]) }
        }
        return found?.type
    }

    private static func secret(_ path: String) -> [Finding] {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return [] }  // Made at first start.
        guard facts.st_mode & 0o077 == 0 else {
            return [
                Finding("jwt-secret", .wrong, "other users can read \(path)", remedy: "chmod 600 \(path)")
            ]
        }
        return []
    }
}
