internal import Core

extension Request {
    /// Receives a `multipart/form-data` body: files go to sinks as they arrive, fields are gathered.
    ///
    /// - Parameters:
    ///   - fieldLimit: bytes of one field's value.
    ///   - partLimit: fields and files of the form.
    ///   - onFile: chooses the sink of a file part; receives its head and the fields that came before it. Runs on the
    ///     thread that receives the body. What it or the sink throws ends the request.
    /// - Returns: the fields; of several with one name, the last.
    /// - Throws: `ServiceError(.unsupportedMedia)` for another content type, `.invalidRequest` for a broken or
    ///   unfinished form, `.tooLarge` for too many parts or a field too long, and what
    ///   ``RequestBody/receive(into:)`` throws: a cut connection's bytes have reached the sinks before.
    package func multipart(
        fieldLimit: Int = 64 << 10,
        partLimit: Int = 256,
        onFile: @escaping @Sendable (PartHead, [String: String]) throws -> any BodySink
    ) async throws -> [String: String] {
        let type = MediaType(headers["Content-Type"] ?? "")
        guard type.essence == "multipart/form-data" else {
            throw ServiceError(.unsupportedMedia, "The request body must be a form (multipart/form-data).")
        }
        guard let boundary = type.parameter("boundary"), (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
        else { throw ServiceError(.invalidRequest, "The form's Content-Type has no usable boundary.") }
        let receiver = MultipartReceiver(
            MultipartParser(boundary: boundary, partLimit: partLimit),
            fieldLimit: fieldLimit,
            onFile: onFile
        )
        _ = try await body.receive(into: receiver)
        return try receiver.finish()
    }
}

/// Gives a form's files to their sinks and gathers its fields.
///
/// `@unchecked Sendable`: used by the one thread that receives the body, and after its last write by the task that
/// waited for it, which `receive`'s continuation orders.
private final class MultipartReceiver: BodySink, MultipartConsumer, @unchecked Sendable {
    private enum Part {
        case none
        case field(name: String, value: [UInt8])
        case file(any BodySink)
    }

    /// Why bytes were taken for text (RFC 7578 section 4.2).
    private static let hint = " A part with a file needs a filename."

    private var parser: MultipartParser
    private let fieldLimit: Int
    private let onFile: @Sendable (PartHead, [String: String]) throws -> any BodySink
    private var part = Part.none
    private var fields: [String: String] = [:]

    init(
        _ parser: MultipartParser,
        fieldLimit: Int,
        onFile: @escaping @Sendable (PartHead, [String: String]) throws -> any BodySink
    ) {
        self.parser = parser
        self.fieldLimit = fieldLimit
        self.onFile = onFile
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try parser.feed(bytes, self)
    }

    func finish() throws -> [String: String] {
        guard parser.isComplete else {
            throw ServiceError(.invalidRequest, "The form ends before its final boundary.")
        }
        return fields
    }

    func partBegan(_ head: PartHead) throws {
        part = head.filename == nil ? .field(name: head.name, value: []) : .file(try onFile(head, fields))
    }

    func partData(_ bytes: UnsafeRawBufferPointer) throws {
        switch part {
        case .none: break
        case .file(let sink): try sink.write(bytes)
        case .field(let name, var value):
            guard value.count + bytes.count <= fieldLimit else {
                throw ServiceError(.tooLarge, "\(name) exceeds \(fieldLimit) bytes.\(Self.hint)", field: name)
            }
            part = .none
            value.append(contentsOf: bytes)
            part = .field(name: name, value: value)
        }
    }

    func partEnded() throws {
        if case .field(let name, let value) = part {
            guard let text = String(validating: value, as: UTF8.self) else {
                throw ServiceError(.invalidRequest, "\(name) is not UTF-8 text.\(Self.hint)", field: name)
            }
            fields[name] = text
        }
        part = .none
    }
}
