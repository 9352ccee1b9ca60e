internal import Core

/// Takes a body's bytes as they arrive.
package protocol BodySink: AnyObject, Sendable {
    /// Takes the next bytes, valid during the call only.
    ///
    /// Runs on the thread that received them, which serves other connections too: a slow write slows these down, and
    /// nothing is read from this connection meanwhile (that is the back-pressure). What it throws ends the body.
    func write(_ bytes: UnsafeRawBufferPointer) throws

    /// Whether it takes the next bytes now; when not, it calls `resume` once it does, and nothing is read from the
    /// connection until then.
    ///
    /// For who hands on what he gets and must not hold the thread. True unless it is written.
    func hasRoom(orCall resume: @escaping @Sendable () -> Void) -> Bool
}

extension BodySink {
    package func hasRoom(orCall resume: @escaping @Sendable () -> Void) -> Bool { true }
}

/// Why a body ended before its end.
package enum BodyError: Error, Hashable, Sendable {
    /// The client left, was too slow, or broke the framing. All `received` bytes were given to the sink before.
    case disconnected(received: Int64)
    /// The body was asked for a second time.
    case alreadyRead
}

/// A request's body: read once, whole or into a sink.
package struct RequestBody: Sendable {
    private enum Source: Sendable {
        case none
        case memory([UInt8])
        case connection(Exchange)
    }

    private let source: Source
    /// `Content-Length`; nil for a chunked body, 0 for none.
    package let declaredLength: Int64?

    init(bytes: [UInt8]) {
        source = bytes.isEmpty ? .none : .memory(bytes)
        declaredLength = Int64(bytes.count)
    }

    init(exchange: Exchange, declaredLength: Int64?) {
        source = .connection(exchange)
        self.declaredLength = declaredLength
    }

    /// Whether there is nothing to read.
    ///
    /// A chunked body of no bytes is not known to be empty.
    package var isEmpty: Bool { declaredLength == 0 }

    /// Bytes received so far.
    package var received: Int64 {
        switch source {
        case .none: 0
        case .memory(let bytes): Int64(bytes.count)
        case .connection(let exchange): exchange.receivedBytes
        }
    }

    /// The fields that came after a chunked body (RFC 9110 section 6.5).
    ///
    /// Empty until the body has been received, and for a body that is not chunked.
    package var trailers: Headers {
        switch source {
        case .none, .memory: Headers()
        case .connection(let exchange): exchange.trailers
        }
    }

    /// Receives the whole body into memory.
    ///
    /// - Throws: `ServiceError(.tooLarge)`, by `Content-Length` before anything is read where there is one.
    package func collect(upTo limit: Int) async throws -> [UInt8] {
        if let declaredLength, declaredLength > Int64(limit) { throw CollectingSink.tooLarge(limit) }
        switch source {
        case .none: return []
        case .memory(let bytes): return bytes
        case .connection:
            let sink = CollectingSink(limit: limit, expected: Int(declaredLength ?? 0))
            _ = try await receive(into: sink)
            return sink.take()
        }
    }

    /// Receives the body into a sink, block by block, on the thread that receives it.
    ///
    /// When the calling task is cancelled the sink gets nothing more, and the connection ends after the response.
    ///
    /// - Returns: the number of bytes.
    /// - Throws: ``BodyError``, the sink's own error, `CancellationError`, or `.invalidRequest` for fields after the
    ///   body that break the rules of a head; the sink has all bytes then.
    package func receive(into sink: any BodySink) async throws -> Int64 {
        switch source {
        case .none: return 0
        case .memory(let bytes):
            try bytes.withUnsafeBytes { try sink.write($0) }
            return Int64(bytes.count)
        case .connection(let exchange):
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { exchange.beginBody(sink, waiter: $0) }
            } onCancel: {
                exchange.abandonBody()
            }
        }
    }
}

/// Keeps a bounded body in memory.
///
/// `@unchecked Sendable`: written by the one thread that receives the body, and read after the last write, which the
/// continuation of `receive` orders before it.
private final class CollectingSink: BodySink, @unchecked Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int, expected: Int) {
        self.limit = limit
        bytes.reserveCapacity(min(expected, limit))
    }

    func write(_ block: UnsafeRawBufferPointer) throws {
        guard bytes.count + block.count <= limit else { throw Self.tooLarge(limit) }
        bytes.append(contentsOf: block)
    }

    func take() -> [UInt8] { bytes }

    static func tooLarge(_ limit: Int) -> ServiceError {
        ServiceError(.tooLarge, "The request body exceeds \(limit) bytes.")
    }
}
