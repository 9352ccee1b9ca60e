import Foundation
import Testing

@testable import telecine

@Suite struct WorkFolderTests {
    @Test("the folder of a worker that lives stays, what a killed one left goes")
    func sweep() throws {
        let root = FileManager.default.temporaryDirectory.path + "/telecine-work-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let living = try WorkFolder.take(in: root)
        let killed = root + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: killed + "/chunk", withIntermediateDirectories: true)
        for path in [killed, root + "/alone"] {
            try Data().write(to: URL(fileURLWithPath: path + ".lock"))
        }
        let old = root + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
        try WorkFolder.sweep(root)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).count == 2)
        #expect(FileManager.default.fileExists(atPath: living.path))
        living.release()
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).isEmpty)
    }

    @Test("sweep prints what it removed, also as JSON")
    func verb() async throws {
        let line = try CommandLineUnderTest()
        #expect(await line.run("sweep") == .done)
        #expect(line.output == "expired uploads: 0, failed: 0, finished: 0, orphaned files: 0, 0 B removed\n")
        let second = try CommandLineUnderTest()
        #expect(await second.run("sweep", "--json") == .done)
        let printed = try JSONSerialization.jsonObject(with: Data(second.output.utf8)) as? [String: Int]
        #expect(printed == ["expired": 0, "failed": 0, "finished": 0, "orphans": 0, "bytes": 0])
    }
}
