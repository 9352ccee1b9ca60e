internal import Core
internal import HTTP
internal import Service
internal import Synchronization

/// `/api/uploads`: chunked uploads with resume.
extension MediaManagement {
    @Sendable func beginUpload(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        return try await begin(request, for: principal.userID, target: nil)
    }

    /// A new version takes the body of `init` and gives its answer (contracts/README).
    @Sendable func beginVersion(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        return try await begin(request, for: principal.userID, target: try Self.assetID(request))
    }

    private func begin(_ request: Request, for owner: UserID, target: AssetID?) async throws -> Response {
        let body = try await request.json(as: UploadInitRequest.self, limit: 64 << 10)
        let announced = AnnouncedFile(
            door: "chunks",
            fileName: body.filename,
            fileType: body.fileType,
            size: body.fileSize,
            metadata: body.metadata ?? [:],
            hash: body.fileHash
        )
        let upload = try await ingest.begin(announced, owner: owner, target: target)
        var duplicate: AssetID?
        if let hash = body.fileHash { duplicate = try await catalog.duplicate(ofSHA256: hash, owner: owner) }
        return try .json(
            UploadInitResponse(
                uploadId: upload.id.rawValue,
                chunkSize: upload.partSize,
                expiresAt: upload.expiresAt.iso8601WithMilliseconds,
                duplicateOf: duplicate?.contractName
            ),
            status: .created
        )
    }

    @Sendable func receiveChunk(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let ticket = try await ingest.admit(try Self.uploadID(request), for: principal.userID)
        // 64 KiB for the form around the bytes. Refused before the body, so it costs the client nothing.
        if let length = request.body.declaredLength, length > ticket.upload.partSize + 65_536 {
            throw ServiceError(
                .tooLarge,
                "The chunk is longer than this upload's chunk size of \(ticket.upload.partSize) bytes.",
                field: "chunk"
            )
        }
        try ingest.checkRoom(for: request.body.declaredLength)
        let receiver = ChunkReceiver(ticket: ticket)
        do {
            let fields = try await request.multipart(fieldLimit: 4096, onFile: receiver.open)
            let writer = try receiver.received()
            let number = try Self.integer("chunkNumber", in: fields)
            guard let number else {
                throw ServiceError(.invalidRequest, "The form has no chunkNumber.", field: "chunkNumber")
            }
            let total = try Self.integer("totalChunks", in: fields)
            let receipt = try await ingest.commit(writer, number: number, total: total, for: ticket)
            return try .json(
                ChunkReceipt(
                    uploadId: ticket.upload.id.rawValue,
                    chunkNumber: receipt.number,
                    received: receipt.received,
                    total: receipt.total
                )
            )
        } catch {
            if let writer = receiver.writer { await ingest.abandon(writer) }
            throw error
        }
    }

    @Sendable func uploadStatus(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let (upload, missing) = try await ingest.status(of: try Self.uploadID(request), for: principal.userID)
        var asset: AssetRecord?
        if upload.state == .complete, let id = upload.assetID {
            asset = try await catalog.asset(id, version: upload.version, for: principal.userID)
        }
        let link = upload.state.isArriving ? await early?.link(to: upload.id) : nil
        let masterURL = try link.map { try address.base(for: request) + $0.master }
        return try .json(UploadStatus(upload, asset: asset, missing: missing, masterURL: masterURL))
    }

    private static func uploadID(_ request: Request) throws -> UploadID {
        guard let id = UploadID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Upload not found")
        }
        return id
    }

    static func integer(_ name: String, in fields: [String: String]) throws -> Int? {
        guard let text = fields[name] else { return nil }
        guard let value = Int(text), value >= 0 else {
            throw ServiceError(.invalidRequest, "\(name) must be a whole number from 0.", field: name)
        }
        return value
    }
}

/// Takes the one file of a chunk's form.
///
/// `open` runs on the receiving thread.
private final class ChunkReceiver: Sendable {
    private let ticket: PartTicket
    private let opened = Mutex<PartWriter?>(nil)

    init(ticket: PartTicket) {
        self.ticket = ticket
    }

    var writer: PartWriter? { opened.withLock { $0 } }

    @Sendable func open(_ head: PartHead, _ fields: [String: String]) throws -> any BodySink {
        guard head.name == "chunk" else {
            throw ServiceError(
                .invalidRequest,
                "The form's file must be named chunk, not \(head.name).",
                field: "chunk"
            )
        }
        guard writer == nil else {
            throw ServiceError(.invalidRequest, "The form has more than one chunk. Send one a request.", field: "chunk")
        }
        let writer = try ticket.open(number: try MediaManagement.integer("chunkNumber", in: fields))
        opened.withLock { $0 = writer }
        return PartSink(writer: writer)
    }

    func received() throws -> PartWriter {
        guard let writer else {
            throw ServiceError(.invalidRequest, "The form has no file named chunk.", field: "chunk")
        }
        return writer
    }
}

/// Hands the bytes of a body to the engine, on the thread that received them.
private final class PartSink: BodySink {
    let writer: PartWriter

    init(writer: PartWriter) {
        self.writer = writer
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try writer.write(bytes)
    }
}
