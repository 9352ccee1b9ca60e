internal import HTTP
internal import Service

/// Hands the bytes of a body to the engine, and tells the client now and then how many of them count (104).
///
/// `@unchecked Sendable`: only the thread that receives the body touches it.
final class TellingSink: BodySink, @unchecked Sendable {
    /// Bytes between two words: a client may let go of what it holds, and a slow one hears little.
    private static let step: Int64 = 4 << 20

    private let writer: any PieceWriter
    private let request: Request
    private let version: Int
    private var offset: Int64
    private var told: Int64

    init(_ writer: any PieceWriter, at offset: Int64, of request: Request, version: Int) {
        self.writer = writer
        self.request = request
        self.version = version
        self.offset = offset
        told = offset
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try writer.write(bytes)
        offset += Int64(bytes.count)
        guard offset - told >= Self.step else { return }
        told = offset
        request.sendInterim(
            .uploadResumption,
            [Interop.header: String(version), "Upload-Offset": String(offset)]
        )
    }
}
