internal import CCurl

/// What a request means in curl's options.
struct TransferOptions {
    let request: OutgoingRequest
    let configuration: HTTPClient.Configuration

    /// `owner`: the transfer, unretained: the loop holds it as long as the handle lives; `sockets` likewise, for as long
    /// as there are connections.
    func apply(
        to handle: UnsafeMutableRawPointer,
        errorText: UnsafeMutablePointer<CChar>,
        owner: UnsafeMutableRawPointer,
        sockets: UnsafeMutableRawPointer,
        headers: inout UnsafeMutablePointer<curl_slist>?
    ) {
        _ = ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        _ = ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = ccurl_set_text(handle, CURLOPT_URL, request.url)
        if let target = request.target { _ = ccurl_set_text(handle, CURLOPT_REQUEST_TARGET, target) }
        _ = ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        _ = ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = ccurl_set_long(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        _ = ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // Otherwise curl would look for one in the environment.
        _ = ccurl_set_text(handle, CURLOPT_PROXY, "")
        _ = ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(configuration.connectTimeout))
        // Shorter than any server keeps one: a connection that was just closed costs the request.
        _ = ccurl_set_long(handle, CURLOPT_MAXAGE_CONN, 20)
        _ = ccurl_set_long(handle, CURLOPT_BUFFERSIZE, 64 << 10)
        setMethod(handle)
        for line in lines { headers = curl_slist_append(headers, line) }
        _ = ccurl_set_headers(handle, headers)
        setCallbacks(handle, owner)
        setClosing(handle, sockets)
    }

    private func setMethod(_ handle: UnsafeMutableRawPointer) {
        if request.method == "HEAD" {
            _ = ccurl_set_long(handle, CURLOPT_NOBODY, 1)
            return
        }
        if bodyLength != 0 {
            _ = ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
            _ = ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
            // What is written once cannot be sent again on another connection when an old one turns out to be closed.
            if case .stream = request.body { _ = ccurl_set_long(handle, CURLOPT_FRESH_CONNECT, 1) }
            if let bodyLength { _ = ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(bodyLength)) }
        }
        // After the upload, which would make it a PUT.
        _ = ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
        if request.expectsContinue {
            // As long as the other side may take: sending all the same is what the expectation forbids.
            let patience = Self.milliseconds(configuration.idleTimeout)
            _ = ccurl_set_long(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, patience)
        }
    }

    /// Nil for a body whose length nobody knows.
    private var bodyLength: Int64? {
        switch request.body {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let stream): stream.length
        }
    }

    /// The fields as curl wants them: `Name:` alone takes away one of its own, `Name;` sends an empty one.
    private var lines: [String] {
        var lines = request.headers.compactMap { name, value -> String? in
            switch name.lowercased() {
            case "content-length", "transfer-encoding", "connection", "expect": nil
            default: value.isEmpty ? "\(name);" : "\(name): \(value)"
            }
        }
        let names = Set(request.headers.map { $0.name.lowercased() })
        if !names.contains("accept") { lines.append("Accept:") }
        if bodyLength == nil { lines.append("Transfer-Encoding: chunked") }
        if bodyLength == 0, ["POST", "PUT", "PATCH"].contains(request.method) { lines.append("Content-Length: 0") }
        lines.append(request.expectsContinue && bodyLength != 0 ? "Expect: 100-continue" : "Expect:")
        return lines
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) * 1000 + Int(duration.components.attoseconds / 1_000_000_000_000_000)
    }

    private func setCallbacks(_ handle: UnsafeMutableRawPointer, _ owner: UnsafeMutableRawPointer) {
        _ = ccurl_set_pointer(handle, CURLOPT_HEADERDATA, owner)
        _ = ccurl_on_head(handle) { bytes, size, count, owner in
            guard let bytes, let transfer = Self.transfer(owner) else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return transfer.take(line: line) ? size * count : 0
        }
        _ = ccurl_set_pointer(handle, CURLOPT_WRITEDATA, owner)
        _ = ccurl_on_bytes(handle) { bytes, size, count, owner in
            guard let bytes, let transfer = Self.transfer(owner) else { return 0 }
            let block = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return transfer.take(bytes: block) ? size * count : Int(CURL_WRITEFUNC_PAUSE)
        }
        _ = ccurl_set_pointer(handle, CURLOPT_READDATA, owner)
        _ = ccurl_on_want(handle) { target, size, count, owner in
            guard let target, let transfer = Self.transfer(owner) else { return Int(CURL_READFUNC_ABORT) }
            return transfer.supply(target, atMost: size * count)
        }
        _ = ccurl_set_pointer(handle, CURLOPT_TRAILERDATA, owner)
        _ = ccurl_on_trailers(handle) { list, owner in
            guard let list, case .stream(let stream)? = Self.transfer(owner)?.request.body else {
                return CURL_TRAILERFUNC_OK
            }
            for (name, value) in stream.trailers { list.pointee = curl_slist_append(list.pointee, "\(name): \(value)") }
            return CURL_TRAILERFUNC_OK
        }
        _ = ccurl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, owner)
        _ = ccurl_on_socket(handle) { owner, _, address in
            guard let address, let transfer = Self.transfer(owner) else { return CURL_SOCKET_BAD }
            return transfer.connect(to: address)
        }
    }

    /// A connection may outlive its request: it knows the table, not the transfer.
    private func setClosing(_ handle: UnsafeMutableRawPointer, _ sockets: UnsafeMutableRawPointer) {
        _ = ccurl_set_pointer(handle, CURLOPT_CLOSESOCKETDATA, sockets)
        _ = ccurl_on_close(handle) { sockets, descriptor in
            guard let sockets else { return -1 }
            return Unmanaged<SocketTable>.fromOpaque(sockets).takeUnretainedValue().close(descriptor)
        }
    }

    private static func transfer(_ owner: UnsafeMutableRawPointer?) -> Transfer? {
        owner.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }
}
