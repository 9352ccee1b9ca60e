internal import CMicroHTTP

/// The engine's form of a response, referenced once by this object.
///
/// `@unchecked Sendable`: the engine counts references to it under its own lock, and nothing changes it after `make`.
final class EngineResponse: @unchecked Sendable {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { MHD_destroy_response(pointer) }

    /// - Returns: nil when memory or descriptors are used up.
    static func make(
        _ response: Response,
        handle: EngineHandle?,
        isHead: Bool = false,
        closes: Bool
    ) -> (object: EngineResponse, status: Status, stream: StreamPipe?)? {
        var response = response
        if case .cached(let cached) = response.body {
            if response.headers.isEmpty, !closes, let object = cached.prepared {
                return (object, response.status, nil)
            }
            response = cached.merged(with: response)
        }
        var stream: StreamPipe?
        let isBodiless = isHead || response.status == .notModified || response.status == .noContent
        let created: OpaquePointer?
        if isBodiless, case .stream = response.body {
            created = bodilessStream()
        } else if isBodiless, case .sized(let length, _) = response.body {
            created = create(.absent(length: length), handle, &stream)
        } else {
            created = create(response.body, handle, &stream)
        }
        guard let pointer = created else { return nil }
        for (name, value) in response.headers where !isOurs(name) {
            _ = MHD_add_response_header(pointer, name, value)
        }
        if closes { _ = MHD_add_response_header(pointer, "Connection", "close") }
        return (EngineResponse(pointer), response.status, stream)
    }

    /// What frames the response is no handler's business: a wrong one would desynchronise the connection.
    private static func isOurs(_ name: String) -> Bool {
        switch name.utf8.count {
        case 10: Headers.same(name, "Connection")
        case 14: Headers.same(name, "Content-Length")
        case 17: Headers.same(name, "Transfer-Encoding")
        default: false
        }
    }

    private static func create(
        _ body: ResponseBody,
        _ handle: EngineHandle?,
        _ stream: inout StreamPipe?
    ) -> OpaquePointer? {
        switch body {
        case .bytes(let bytes) where !bytes.isEmpty:
            return bytes.withUnsafeBytes {
                // The engine copies; its parameter predates const.
                MHD_create_response_from_buffer(
                    $0.count,
                    UnsafeMutableRawPointer(mutating: $0.baseAddress),
                    .RESPMEM_MUST_COPY
                )
            }
        case .shared(let bytes, let range) where !range.isEmpty: return create(bytes, range)
        case .file(let slice) where slice.length > 0: return create(slice)
        case .absent(let length) where length > 0: return create(absent: UInt64(length))
        case .stream(let write):
            let pipe = StreamPipe(handle: handle, write)
            stream = pipe
            return pipe.makeEngineResponse(length: cmhd_size_unknown())
        case .sized(let length, let write) where length > 0:
            let pipe = StreamPipe(handle: handle, write)
            stream = pipe
            return pipe.makeEngineResponse(length: UInt64(length))
        default: return MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT)
        }
    }

    /// 0.9.75 sends the last chunk of an empty chunked body even where no body may be: a `HEAD` of a stream would leave
    /// five bytes before the next response.
    ///
    /// Without chunks nothing states a length, and the connection ends.
    private static func bodilessStream() -> OpaquePointer? {
        let response = create(absent: cmhd_size_unknown())
        if let response { cmhd_end_by_closing(response) }
        return response
    }

    /// States a length and has no byte of it.
    private static func create(absent length: UInt64) -> OpaquePointer? {
        MHD_create_response_from_callback(length, 1024, { _, _, _, _ in cmhd_end_with_error() }, nil, nil)
    }

    private static func create(_ bytes: SharedBytes, _ range: Range<Int>) -> OpaquePointer? {
        let owner = Unmanaged.passRetained(bytes)
        let start = UnsafeMutableRawPointer(mutating: bytes.pointer.baseAddress.map { $0 + range.lowerBound })
        let response = MHD_create_response_from_buffer_with_free_callback_cls(
            range.count,
            start,
            { owner in
                if let owner { Unmanaged<SharedBytes>.fromOpaque(owner).release() }
            },
            owner.toOpaque()
        )
        if response == nil { owner.release() }
        return response
    }

    private static func create(_ slice: FileSlice) -> OpaquePointer? {
        guard let descriptor = slice.file.take() else { return nil }
        guard
            let response = MHD_create_response_from_fd_at_offset64(
                UInt64(slice.length),
                descriptor,
                UInt64(slice.offset)
            )
        else {
            // Given back to an owner that closes it.
            _ = OpenFile(descriptor: descriptor)
            return nil
        }
        return response
    }
}

/// A response prepared once and sent many times, also by several connections at once.
package final class CachedResponse: Sendable {
    let response: Response
    let prepared: EngineResponse?

    /// - Parameter response: in memory; a file or a stream can be sent once only and is a programmer's error.
    package init(_ response: Response) {
        switch response.body {
        case .empty, .bytes, .shared: break
        default: preconditionFailure("only a response in memory can be cached")
        }
        self.response = response
        prepared = EngineResponse.make(response, handle: nil, closes: false)?.object
    }

    /// The response that sends this.
    package var reused: Response { Response(response.status, body: .cached(self)) }

    /// Its own headers, and after them those that the middleware added.
    func merged(with carrier: Response) -> Response {
        var result = response
        result.status = carrier.status
        for (name, value) in carrier.headers { result.headers.add(name, value) }
        return result
    }
}
