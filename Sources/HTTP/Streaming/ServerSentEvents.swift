/// Writes server-sent events (HTML standard, section 9.2).
package struct EventWriter: Sendable {
    let stream: StreamWriter

    /// Sends one event.
    ///
    /// Line ends within the data are kept.
    ///
    /// `event`: its type; without one it is a `message`.
    ///
    /// `id`: what a reconnecting client sends as `Last-Event-ID`.
    package func send(_ data: String, event: String? = nil, id: String? = nil) async throws {
        var text = ""
        if let event { text += "event: \(Self.oneLine(event))\n" }
        if let id { text += "id: \(Self.oneLine(id))\n" }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            text += "data: \(line)\n"
        }
        try await stream.write(text + "\n")
    }

    /// Sends one event whose data is JSON.
    package func send(json value: some Encodable & Sendable, event: String? = nil, id: String? = nil) async throws {
        try await send(String(decoding: try JSONText.encode(value), as: UTF8.self), event: event, id: id)
    }

    /// Tells the client how long to wait before it connects again.
    package func retry(after delay: Duration) async throws {
        try await stream.write("retry: \(delay.nanoseconds / 1_000_000)\n\n")
    }

    private static func oneLine(_ text: String) -> String {
        String(text.filter { !$0.isNewline })
    }
}

extension Response {
    /// A stream of server-sent events.
    ///
    /// A comment goes out every `heartbeat`, so that proxies keep the connection. The writer is cancelled when the
    /// client leaves.
    package static func events(
        heartbeat: Duration = .seconds(15),
        _ write: @escaping @Sendable (EventWriter) async throws -> Void
    ) -> Response {
        var response = stream(contentType: "text/event-stream") { stream in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while true {
                        try await Task.sleep(for: heartbeat)
                        try await stream.write(":\n\n")
                    }
                }
                group.addTask { try await write(EventWriter(stream: stream)) }
                defer { group.cancelAll() }
                // The heartbeat never ends by itself: the first to end is the writer, or a failure.
                try await group.next()
            }
        }
        response.headers["Cache-Control"] = "no-store"
        // nginx would gather events otherwise.
        response.headers["X-Accel-Buffering"] = "no"
        return response
    }
}
