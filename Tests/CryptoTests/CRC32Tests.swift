import Crypto
import Testing

@Suite struct CRC32Tests {
    @Test("the published check value, whole and in pieces")
    func check() {
        var whole = CRC32()
        Array("123456789".utf8).withUnsafeBytes { whole.update($0) }
        #expect(whole.value == 0xCBF4_3926)
        #expect(whole.bytes == [0xCB, 0xF4, 0x39, 0x26])
        var pieces = CRC32()
        for byte in "123456789".utf8 { [byte].withUnsafeBytes { pieces.update($0) } }
        #expect(pieces.value == whole.value)
        #expect(CRC32().value == 0)
    }
}
