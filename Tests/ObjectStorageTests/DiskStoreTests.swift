import Core
import Foundation
import Testing

@testable import ObjectStorage

/// What is the disk's own.
@Suite struct DiskStoreTests {
    private func with(_ test: (DiskStore, _ root: URL) async throws -> Void) async throws {
        try await withScratchFolder { scratch in
            let root = scratch.appending(path: "objects")
            try await test(try DiskStore(root: root.path, durable: false), root)
        }
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test("an object is a file at its key's path, for its owner only")
    func localPath() async throws {
        try await with { store, root in
            try await store.put("a/b.mp4", "x")
            let path = try #require(store.localPath(try ObjectKey("a/b.mp4")))
            #expect(path == root.path + "/a/b.mp4")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "x")
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("old leftovers of crashed puts are swept at start, young ones and objects stay")
    func leftovers() async throws {
        try await with { store, root in
            try await store.put("a/b", "object")
            let aside = root.appending(path: ".tmp")
            for name in ["old", "young"] {
                try Data("half".utf8).write(to: aside.appending(path: name))
            }
            for path in [aside.appending(path: "old"), root.appending(path: "a/b")] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -3700)],
                    ofItemAtPath: path.path
                )
            }
            #expect(try await store.keys("") == ["a/b"])
            let again = try DiskStore(root: root.path + "/", durable: true)
            #expect(try names(aside) == ["young"])
            #expect(try await again.text("a/b") == "object")
        }
    }

    @Test("no put leaves anything aside, whether it succeeds or fails")
    func nothingAside() async throws {
        try await with { store, root in
            struct Broken: Error {}
            try await store.put("a/b", "object")
            _ = try? await store.put("a", "a folder already")
            _ = try? await store.put("a/b/c", "below an object")
            _ = try? await store.put(ObjectKey("s")) { writer in
                try await writer.write([1])
                throw Broken()
            }
            #expect(try names(root.appending(path: ".tmp")) == [])
            #expect(try await store.keys("") == ["a/b"])
        }
    }

    @Test("a name cannot be an object and a folder")
    func folderOrObject() async throws {
        try await with { store, _ in
            try await store.put("a/b", "object")
            #expect(await code { try await store.put("a", "x") } == .conflict)
            #expect(await code { try await store.put("a/b/c", "x") } == .conflict)
            #expect(try await store.text("a/b") == "object")
        }
    }

    @Test("folders that a delete leaves empty are gone, others stay")
    func emptyFolders() async throws {
        try await with { store, root in
            try await store.put("a/b/c", "x")
            try await store.put("a/d", "x")
            try await store.delete(ObjectKey("a/b/c"))
            #expect(try names(root.appending(path: "a")) == ["d"])
            try await store.delete(ObjectKey("a/d"))
            #expect(try names(root) == [".tmp"])
        }
    }

    @Test("symbolic links in the root are neither followed, listed nor written through")
    func links() async throws {
        try await with { store, root in
            let outside = root.deletingLastPathComponent().appending(path: "outside")
            try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
            try Data("secret".utf8).write(to: outside.appending(path: "file"))
            let manager = FileManager.default
            try manager.createSymbolicLink(at: root.appending(path: "folder"), withDestinationURL: outside)
            try manager.createSymbolicLink(
                at: root.appending(path: "link"),
                withDestinationURL: outside.appending(path: "file")
            )
            for name in ["folder/file", "link"] {
                #expect(try await store.head(ObjectKey(name)) == nil)
                #expect(await code { _ = try await store.text(name) } == .notFound)
                try await store.delete(ObjectKey(name))
            }
            #expect(try await store.delete(prefix: "folder/") == 0)
            #expect(await code { try await store.put("folder/new", "x") } == .conflict)
            #expect(try await store.keys("") == [])
            // A put replaces the link itself.
            try await store.put("link", "object")
            #expect(try names(outside) == ["file"])
            #expect(try String(contentsOf: outside.appending(path: "file"), encoding: .utf8) == "secret")
        }
    }

    @Test("pipes and foreign names in the root are no objects, and nobody waits for them")
    func foreign() async throws {
        try await with { store, root in
            #expect(mkfifo(root.appending(path: "pipe").path, 0o600) == 0)
            try Data().write(to: root.appending(path: "a name with spaces"))
            try Data().write(to: root.appending(path: ".hidden"))
            #expect(try await store.keys("") == [])
            #expect(try await store.head(ObjectKey("pipe")) == nil)
            #expect(await code { _ = try await store.text("pipe") } == .notFound)
        }
    }

    @Test("two stores on one root see each other's objects")
    func shared() async throws {
        try await with { store, root in
            let other = try DiskStore(root: root.path, durable: false)
            try await store.put("a", "one")
            #expect(try await other.text("a") == "one")
            try await other.delete(ObjectKey("a"))
            #expect(try await store.head(ObjectKey("a")) == nil)
        }
    }

    @Test("a root that cannot be made is an error that names it in its detail")
    func badRoot() async throws {
        try await withScratchFolder { scratch in
            try Data().write(to: scratch.appending(path: "file"))
            let path = scratch.appending(path: "file").path + "/objects"
            do throws(ServiceError) {
                _ = try DiskStore(root: path, durable: false)
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.detail.contains(path))
            }
        }
    }

    @Test("a full disk, a spent quota and a file past the limit are all a lack of room")
    func lackOfRoom() {
        for code in [ENOSPC, EDQUOT, EFBIG] {
            #expect(ServiceError(errno: code, "write").code == .insufficientStorage)
        }
    }

    @Test(
        "on a disk that is really full the former object stays and nothing is left aside",
        .enabled(if: SmallDisk.isPossible, "mounting a small disk needs root")
    )
    func fullDisk() async throws {
        try await withScratchFolder { scratch in
            let disk = try SmallDisk(at: scratch)
            defer { disk.unmount() }
            let store = try DiskStore(root: scratch.path + "/objects", durable: true)
            try await store.put("a", "before")
            let large = [UInt8](repeating: 1, count: 300_000)
            #expect(await code { _ = try await store.put(ObjectKey("a"), bytes: large) } == .insufficientStorage)
            let streamed = await code {
                _ = try await store.put(ObjectKey("a")) { writer in try await writer.write(large) }
            }
            #expect(streamed == .insufficientStorage)
            #expect(try await store.text("a") == "before")
            #expect(try names(scratch.appending(path: "objects/.tmp")) == [])
            try await store.put("b", "there is room for little")
        }
    }

    @Test(
        "a file of another file system is copied, and gone when it was to be consumed",
        .enabled(if: SmallDisk.isPossible, "mounting a small disk needs root")
    )
    func otherFileSystem() async throws {
        try await withScratchFolder { scratch in
            let mount = scratch.appending(path: "mount")
            try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
            let disk = try SmallDisk(at: mount)
            defer { disk.unmount() }
            let file = mount.appending(path: "upload")
            try Data("content".utf8).write(to: file)
            let store = try DiskStore(root: scratch.path + "/objects", durable: false)
            _ = try await store.put(ObjectKey("a"), file: file.path, consuming: true)
            #expect(!FileManager.default.fileExists(atPath: file.path))
            #expect(try await store.text("a") == "content")
        }
    }
}

/// A file system of 128 KiB in memory.
private struct SmallDisk {
    private let path: String

    /// Root in a container may not mount either, so it is tried.
    static let isPossible: Bool = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "telecine-mount-\(UUID().uuidString)")
        guard (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)) != nil
        else { return false }
        defer { try? FileManager.default.removeItem(at: folder) }
        guard let disk = try? SmallDisk(at: folder) else { return false }
        disk.unmount()
        return true
    }()

    init(at folder: URL) throws {
        path = folder.path
        #if canImport(Glibc)
            guard mount("tmpfs", path, "tmpfs", 0, "size=128k") == 0 else { throw CocoaError(.fileWriteNoPermission) }
        #else
            throw CocoaError(.featureUnsupported)
        #endif
    }

    func unmount() {
        #if canImport(Glibc)
            umount2(path, Int32(MNT_DETACH))
        #endif
    }
}
