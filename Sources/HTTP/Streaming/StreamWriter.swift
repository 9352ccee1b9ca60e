/// Writes a response's body while it is sent.
package struct StreamWriter: Sendable {
    private enum Target: Sendable {
        case pipe(StreamPipe)
        case memory(StreamMemory)
    }

    private let target: Target

    init(pipe: StreamPipe) { target = .pipe(pipe) }
    init(memory: StreamMemory) { target = .memory(memory) }

    /// Sends bytes; waits while the client is slower than the writer.
    ///
    /// - Throws: ``StreamError/closed`` when the client left, `CancellationError`.
    package func write(_ bytes: [UInt8]) async throws {
        switch target {
        case .pipe(let pipe): try await pipe.write(bytes)
        case .memory(let memory): memory.append(bytes)
        }
    }

    package func write(_ text: String) async throws {
        try await write(Array(text.utf8))
    }

    /// Whether writing still has a point.
    package var isOpen: Bool {
        switch target {
        case .pipe(let pipe): !pipe.isBroken
        case .memory: true
        }
    }
}
