internal import Core
internal import HTTP
internal import Service
internal import Synchronization

/// Takes the one file of a contract 2 form: looks at its first bytes, and holds its kind's limit.
///
/// What is of no known kind is dropped, and refused when the body has ended (nothing can be answered before that
/// without breaking the connection); what is too large ends the body at once.
final class MediaFormReceiver: Sendable {
    private struct State {
        var writer: (any PieceWriter)?
        var part: MediaPart?
        var fields: [String: String] = [:]
    }

    private let limits: [FileContent.Kind: Int64]
    private let bodyLength: Int64?
    private let state = Mutex(State())

    /// What a form has around its file, generously.
    private static let formOverhead: Int64 = 64 << 10

    /// - `bodyLength`: the request's `Content-Length`.
    init(ingest: Ingest, bodyLength: Int64?) {
        limits = Dictionary(
            uniqueKeysWithValues: FileContent.Kind.allCases.map { kind in
                (kind, ingest.limits(of: MediaHandling.door(for: kind)).maximumSize)
            }
        )
        self.bodyLength = bodyLength
    }

    /// Refuses before the body what its head tells.
    ///
    /// - Throws: `.tooLarge`.
    func admit() throws {
        let most = limits.values.max() ?? 0
        if let bodyLength, bodyLength > most + Self.formOverhead { throw tooLarge(nil) }
    }

    func begin(_ writer: any PieceWriter) { state.withLock { $0.writer = writer } }

    func end(_ fields: [String: String]) { state.withLock { $0.fields = fields } }

    /// Runs on the receiving thread, as everything that the part does.
    @Sendable func open(_ head: PartHead, _ fields: [String: String]) throws -> any BodySink {
        guard head.name == "file" else {
            throw ServiceError(.invalidRequest, "The form's file must be named file.", field: "file")
        }
        return try state.withLock { state in
            guard let writer = state.writer, state.part == nil else {
                throw ServiceError(
                    .invalidRequest,
                    "The form has more than one file. Send one a request.",
                    field: "file"
                )
            }
            let part = MediaPart(name: head.filename ?? "", writer: writer) { [self] in try check($0, $1) }
            state.part = part
            return part
        }
    }

    /// Called when the kind is known (or not), and whenever more bytes have come.
    private func check(_ content: FileContent?, _ length: Int64) throws {
        let limit = content.map { limits[$0.kind] ?? 0 } ?? limits.values.max() ?? 0
        // The whole body is too long for this kind: it need not come first.
        let isHopeless = content != nil && bodyLength.map { $0 > limit + Self.formOverhead } ?? false
        if length > limit || isHopeless { throw tooLarge(content?.kind) }
    }

    /// The file that came.
    ///
    /// - Throws: `.invalidRequest`, `.unsupportedMedia`.
    func received() throws -> ReceivedFile {
        let (part, fields) = state.withLock { ($0.part, $0.fields) }
        guard let part else {
            throw ServiceError(.invalidRequest, "No file was submitted. Send it in the field \"file\".", field: "file")
        }
        let (content, length) = try part.finish()
        guard length > 0 else { throw ServiceError(.invalidRequest, "The submitted file is empty.", field: "file") }
        guard let content else {
            let formats = FileContent.Kind.allCases.compactMap { FileContent.formats[$0] }.joined(separator: "; ")
            throw ServiceError(
                .unsupportedMedia,
                "Unsupported file type: this is none of \(formats).",
                field: "file"
            )
        }
        return ReceivedFile(
            fileName: part.name.isEmpty ? "upload" : part.name,
            fileType: content.mimeType,
            isPublic: try Self.isPublic(fields["is_public"]),
            soundSizeLimit: content.kind == .video ? limits[.audio] : nil
        )
    }

    /// True unless the form says otherwise, as in the contract.
    private static func isPublic(_ text: String?) throws -> Bool {
        switch text?.lowercased() {
        case nil, "true", "1", "on", "yes": true
        case "false", "0", "off", "no": false
        default: throw ServiceError(.invalidRequest, "is_public must be true or false.", field: "is_public")
        }
    }

    private func tooLarge(_ kind: FileContent.Kind?) -> ServiceError {
        let plurals: [FileContent.Kind: String] = [.image: "images", .video: "videos", .audio: "audio"]
        let kinds = kind.map { [$0] } ?? FileContent.Kind.allCases
        let allowed = kinds.map { "\((limits[$0] ?? 0) >> 20) MB for \(plurals[$0] ?? "")" }
        return ServiceError(
            .tooLarge,
            "File size exceeds maximum allowed size: \(allowed.joined(separator: ", ")).",
            field: "file"
        )
    }
}

/// The file's bytes on their way to the engine.
///
/// `@unchecked Sendable`: used by the one thread that receives the body, and after its last write by the task that
/// waited for it, which `receive`'s continuation orders.
final class MediaPart: BodySink, @unchecked Sendable {
    let name: String
    private let writer: any PieceWriter
    private let check: (FileContent?, Int64) throws -> Void
    private var head: [UInt8] = []
    private var isJudged = false
    private var content: FileContent?
    private var length: Int64 = 0

    init(name: String, writer: any PieceWriter, check: @escaping (FileContent?, Int64) throws -> Void) {
        self.name = name
        self.writer = writer
        self.check = check
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if !isJudged {
            head += bytes.prefix(FileContent.headLength - head.count)
            if head.count == FileContent.headLength { judge() }
        }
        length += Int64(bytes.count)
        try check(content, length)
        // What is of no known kind goes nowhere.
        if !isJudged || content != nil { try writer.write(bytes) }
    }

    private func judge() {
        content = FileContent(head: head)
        isJudged = true
    }

    /// What came, after the last byte.
    func finish() throws -> (content: FileContent?, length: Int64) {
        if !isJudged { judge() }
        try check(content, length)
        return (content, length)
    }
}
