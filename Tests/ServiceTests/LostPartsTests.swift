import Core
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Service

/// Parts on their way at the moment when the file is lost that they belong to.
@Suite struct LostPartsTests {
    @Test("a part that is being placed when the staged file is lost is not acknowledged, and leaves no hole")
    func placed() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        try await ingest.send(0, of: bytes, to: upload)
        let ticket = try await ingest.admit(upload.id, for: Fixture.owner)
        let spool = try ticket.open(number: nil)
        try bytes[1000..<2000].withUnsafeBytes { try spool.write($0) }
        try FileManager.default.removeItem(atPath: fixture.staged(upload.id))
        let gate = DispatchSemaphore(value: 0)
        ingest.disk.later { gate.wait() }
        async let sent = code { _ = try await ingest.commit(spool, number: 1, total: nil, for: ticket) }
        try await eventually { ingest.active.withLock { $0.entries[upload.id]?.settling == [1] } }
        // What another request does that has found the file gone.
        async let told = ingest.lostParts(of: upload)
        try await eventually { ingest.active.withLock { $0.entries[upload.id] == nil } }
        gate.signal()
        #expect(try await told?.code == .unavailable)
        #expect(await sent == .unavailable)
        #expect(try await ingest.status(of: upload.id, for: Fixture.owner).missing == [0, 1, 2])
        for number in 0..<3 { try await ingest.send(number, of: bytes, to: upload) }
        #expect(try await fixture.content(of: upload.id, by: ingest) == bytes)
    }
}
