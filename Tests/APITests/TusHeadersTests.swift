import Core
import Crypto
import Service
import Testing

@testable import API

@Suite struct TusHeadersTests {
    @Test("metadata is read as tus writes it, and kept as it was written")
    func metadata() throws {
        let written = "filename Y2xpcC5tcDQ=,flag,empty ,bytes /w=="
        let metadata = try TusMetadata(parsing: written)
        #expect(metadata.written == written)
        #expect(metadata.values == ["filename": "clip.mp4", "flag": "", "empty": ""])
        #expect(metadata.text("filename") == "clip.mp4")
        #expect(metadata.text("flag") == nil)
        #expect(try TusMetadata(parsing: nil).values.isEmpty)
        #expect(try TusMetadata(parsing: "").values.isEmpty)
    }

    @Test(
        "metadata that breaks the rules is refused",
        arguments: ["a YQ==,a Yg==", "a YQ", "a !", "a YQ== YQ==", "a YQ==,,b", ",", "a YQ==,"]
    )
    func brokenMetadata(written: String) {
        #expect(throws: ServiceError.self) { try TusMetadata(parsing: written) }
    }

    @Test("the uploads of a final are found by their paths, with or without an origin")
    func concat() throws {
        let first = UploadID(random: [UInt8](repeating: 1, count: 16))
        let second = UploadID(random: [UInt8](repeating: 2, count: 16))
        let written = "final;/api/v1/videos/tus/\(first) https://media.example:8443/api/v1/videos/tus/\(second)"
        #expect(try TusConcat(parsing: written) == .final([first, second], written: written))
        #expect(try TusConcat(parsing: "partial") == .partial)
        #expect(try TusConcat(parsing: nil) == TusConcat.none)
        for wrong in ["", "Partial", "final", "final;", "final;/files/\(first)", "final;https://x", "final;\(first)"] {
            #expect(throws: ServiceError.self) { try TusConcat(parsing: wrong) }
        }
    }

    @Test(
        "a checksum is base 64, or hexadecimal as the contract's example",
        arguments: TusChecksum.algorithms
    )
    func checksum(algorithm: PieceChecksum.Algorithm) throws {
        let bytes = [UInt8](repeating: 0xAB, count: algorithm.length)
        for value in [Base64.encode(bytes), Hex.encode(bytes)] {
            #expect(try TusChecksum.parse("\(algorithm.rawValue) \(value)")?.algorithms == [algorithm])
        }
        #expect(throws: ServiceError.self) { try TusChecksum.parse("\(algorithm.rawValue) AAAA") }
        #expect(throws: ServiceError.self) { try TusChecksum.parse("sha512 AAAA") }
        #expect(try TusChecksum.parse(nil) == nil)
    }
}
