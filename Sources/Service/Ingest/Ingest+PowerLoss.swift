internal import Core
internal import Foundation
internal import SQL

/// What a power cut may have taken from uploads under way, when nothing was brought to the disk for them.
///
/// The record of a part can reach the disk before its bytes do. These are then a hole in the staged file, or its
/// missing end, and are asked for again. Only after a restart of the machine: a file system that stores zeros as
/// holes (ZFS) would have zeros sent again, and nothing is lost when the process alone has died.
extension Ingest {
    func checkAfterReboot() async throws {
        let marker = configuration.stagingDirectory + ".boot"
        let boot = Self.bootName
        let known = try await disk.run { () throws -> String? in
            guard FileManager.default.fileExists(atPath: marker) else { return nil }
            return try String(contentsOfFile: marker, encoding: .utf8)
        }
        guard boot == nil || known != boot else { return }
        let open = try await database.read { connection in
            try connection.all(
                """
                SELECT \(sql: Upload.columns) FROM uploads
                WHERE state IN ('created', 'receiving') AND form <> 'final'
                """
            ).map(Upload.init(row:))
        }
        for upload in open {
            if upload.form == .numbered { try await dropHoles(of: upload) } else { try await cutAtHole(upload) }
        }
        guard let boot else { return }
        try await disk.run { try boot.write(toFile: marker, atomically: true, encoding: .utf8) }
    }

    private func dropHoles(of upload: Upload) async throws {
        let numbers = try await database.read { connection in
            try connection.all("SELECT number FROM upload_parts WHERE upload_id = \(upload.id)")
                .map { try $0.get("number", as: Int.self) }
        }
        let path = stagedPath(upload.id)
        let lost = try await disk.run {
            try numbers.filter { number in
                let start = Int64(number) * upload.partSize
                return try StagedFile.firstHole(path, in: start..<start + upload.length(ofPart: number)) != nil
            }
        }
        guard !lost.isEmpty else { return }
        try await database.write { transaction in
            for number in lost {
                try transaction.run(
                    "DELETE FROM upload_parts WHERE upload_id = \(upload.id) AND number = \(number)"
                )
            }
            try transaction.run("UPDATE uploads SET received = received - \(lost.count) WHERE id = \(upload.id)")
        }
        tell(upload, "parts", lost.count)
    }

    private func cutAtHole(_ upload: Upload) async throws {
        let path = stagedPath(upload.id)
        let lost = try await disk.run { () throws -> Int64 in
            guard let length = try StagedFile.length(path), length > 0,
                let hole = try StagedFile.firstHole(path, in: 0..<length)
            else { return 0 }
            try StagedFile.cut(path, to: hole)
            return length - hole
        }
        if lost > 0 { tell(upload, "bytes", Int(clamping: lost)) }
    }

    private func tell(_ upload: Upload, _ what: String, _ count: Int) {
        logger.warning(
            "a power cut took what an upload had received; it is asked for again (UPLOAD_SYNC=acknowledge keeps it)",
            ["upload": .string(upload.id.rawValue), "lost": .integer(Int64(count)), "of": .string(what)]
        )
    }

    /// Names the run of the system; nil where it has no name, and then every start may follow a power cut.
    private static var bootName: String? {
        try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    }
}
