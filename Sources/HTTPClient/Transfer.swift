internal import CCurl
internal import Synchronization

/// One request and its response, between whoever asks and the loop's thread.
///
/// `@unchecked Sendable`: what is not in `state` belongs to the loop's thread from `start` to `end`.
final class Transfer: @unchecked Sendable {
    typealias Head = (status: Int, headers: [HeaderField])

    private struct State {
        var head: CheckedContinuation<Head, any Error>?
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        var pending: [UInt8] = []
        /// The sender was told to wait, because nobody reads.
        var isStalled = false
        var result: Result<Void, any Error>?
        var isCancelled = false
    }

    /// Bytes that wait to be read; one block of curl's more may come.
    private static let highWater = 128 << 10

    let request: OutgoingRequest
    let configuration: HTTPClient.Configuration
    private let loop: TransferLoop
    private let state = Mutex(State())

    // The loop's thread alone:
    private(set) var handle: UnsafeMutableRawPointer?
    private var head = ResponseHead()
    /// Bytes of the request's body that are given away, of `.bytes`.
    private var sent = 0
    private var isSendPaused = false
    private var isReceivePaused = false
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var began = ContinuousClock.now
    private var lastMove = ContinuousClock.now
    private var metPrivateAddress = false
    /// Those that it has opened itself; none when it uses another's connection.
    private var opened: [SocketTable.Entry] = []

    init(_ request: OutgoingRequest, _ configuration: HTTPClient.Configuration, _ loop: TransferLoop) {
        self.request = request
        self.configuration = configuration
        self.loop = loop
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { errorText.deallocate() }

    // MARK: Whoever asks

    func begin(_ continuation: CheckedContinuation<Head, any Error>) { state.withLock { $0.head = continuation } }

    /// Nothing happens once it is over.
    func cancel() {
        let isOver = state.withLock { state in
            state.isCancelled = true
            return state.result != nil
        }
        if !isOver { loop.cancel(self) }
    }

    func giveBytes(to reader: CheckedContinuation<[UInt8]?, any Error>) {
        let (found, wasStalled) = state.withLock { state -> (Result<[UInt8]?, any Error>?, Bool) in
            if !state.pending.isEmpty {
                defer { (state.pending, state.isStalled) = ([], false) }
                return (.success(state.pending), state.isStalled)
            }
            if let result = state.result { return (result.map { _ in nil }, false) }
            precondition(state.reader == nil, "a body has one reader")
            state.reader = reader
            return (nil, false)
        }
        if wasStalled { loop.proceed(self) }
        if let found { reader.resume(with: found) }
    }

    // MARK: The loop's thread

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// - Returns: nil when there is no memory.
    func start() -> UnsafeMutableRawPointer? {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        began = .now
        lastMove = .now
        if case .stream(let stream) = request.body {
            stream.begin { [loop, weak self] in
                if let self { loop.proceed(self) }
            }
        }
        configure(handle)
        return handle
    }

    func end(_ result: Result<Void, any Error>) {
        let (head, reader) = state.withLock { state in
            if state.result == nil { state.result = result }
            defer { (state.head, state.reader) = (nil, nil) }
            return (state.head, state.reader)
        }
        if case .stream(let stream) = request.body { stream.close() }
        if let handle { curl_easy_cleanup(handle) }
        handle = nil
        curl_slist_free_all(headerList)
        headerList = nil
        if let head {
            let error: any Error
            if case .failure(let reason) = result { error = reason } else { error = HTTPClientError.broken("no head") }
            head.resume(throwing: error)
        }
        reader?.resume(with: result.map { _ in nil })
    }

    /// Why it must end now: it has had its time, or the other side is gone, which curl does not tell while it waits for
    /// more of the request's body.
    func reasonToEnd() -> HTTPClientError? {
        if isSendPaused, !head.isWhole, opened.contains(where: loop.sockets.hasEnded) {
            return .broken("the connection ended")
        }
        let now = ContinuousClock.now
        if let limit = configuration.totalTimeout, now - began > limit { return .timedOut(.total) }
        // Nobody reads, or the body is not there yet: that is not the other side's silence.
        guard !isReceivePaused, !isSendPaused, now - lastMove > configuration.idleTimeout else { return nil }
        return .timedOut(.idle)
    }

    func error(for code: CURLcode) -> HTTPClientError {
        let said = String(cString: errorText)
        let text = said.isEmpty ? String(cString: curl_easy_strerror(code)) : said
        switch code {
        case CURLE_COULDNT_CONNECT where metPrivateAddress: return .privateAddress
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION:
            return .unreachable(text)
        case CURLE_OPERATION_TIMEDOUT: return .timedOut(.connect)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .invalidRequest(text)
        case CURLE_ABORTED_BY_CALLBACK: return .bodyFailed
        case CURLE_WRITE_ERROR: return .tooLarge
        default: return .broken(text)
        }
    }

    /// Whoever was too slow has moved on.
    func proceed() {
        guard let handle else { return }
        isReceivePaused = isReceivePaused && state.withLock { $0.isStalled }
        isSendPaused = false
        lastMove = .now
        _ = ccurl_proceed(handle, isReceivePaused ? 0 : 1)
    }

    // MARK: What curl asks and tells

    /// - Returns: what curl expects of its read function.
    func supply(_ target: UnsafeMutableRawPointer, atMost limit: Int) -> Int {
        lastMove = .now
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(limit, bytes.count - sent)
            bytes.withUnsafeBytes { source in
                if let base = source.baseAddress, count > 0 { target.copyMemory(from: base + sent, byteCount: count) }
            }
            sent += count
            return count
        case .stream(let stream):
            switch stream.take(atMost: limit) {
            case .bytes(let block, let from, let count):
                block.withUnsafeBytes { source in
                    if let base = source.baseAddress { target.copyMemory(from: base + from, byteCount: count) }
                }
                return count
            case .none:
                isSendPaused = true
                return Int(CURL_READFUNC_PAUSE)
            case .end: return 0
            case .failure: return Int(CURL_READFUNC_ABORT)
            }
        }
    }

    /// One line of the head, or of what follows a chunked body.
    ///
    /// - Returns: false to break it off.
    func take(line: UnsafeRawBufferPointer) -> Bool {
        lastMove = .now
        guard head.take(line: line, atMost: configuration.headBytes) else { return false }
        guard head.isWhole else { return true }
        if head.isInterim {
            // 100 is between the two ends of a connection, and nobody asked for 101.
            if head.status > 101 { request.onInterim?(head.status, head.headers) }
            return true
        }
        let waiter = state.withLock { state in
            defer { state.head = nil }
            return state.head
        }
        waiter?.resume(returning: (head.status, head.headers))
        if case .stream(let stream) = request.body, stream.close(), let handle {
            // The rest of the body is not wanted: what follows on this connection would be taken for it.
            _ = ccurl_set_long(handle, CURLOPT_FORBID_REUSE, 1)
            if isSendPaused { loop.proceed(self) }
        }
        return true
    }

    /// - Returns: false when nobody has read the last bytes: they are offered again.
    func take(bytes: UnsafeRawBufferPointer) -> Bool {
        lastMove = .now
        guard !bytes.isEmpty else { return true }
        let block = Array(bytes)
        let (reader, isTaken) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, Bool) in
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            guard state.pending.count < Self.highWater else {
                state.isStalled = true
                return (nil, false)
            }
            state.pending += block
            return (nil, true)
        }
        reader?.resume(returning: block)
        isReceivePaused = !isTaken
        return isTaken
    }

    /// - Returns: a socket for the address, or `CURL_SOCKET_BAD`.
    func connect(to address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = ccurl_address(address, &bytes)
        guard configuration.allowsPrivateAddresses || PublicAddresses.contain(Array(bytes.prefix(Int(count)))) else {
            metPrivateAddress = true
            return CURL_SOCKET_BAD
        }
        let entry = loop.sockets.open(address)
        opened.append(entry)
        return entry.descriptor
    }

    private func configure(_ handle: UnsafeMutableRawPointer) {
        TransferOptions(request: request, configuration: configuration).apply(
            to: handle,
            errorText: errorText,
            owner: Unmanaged.passUnretained(self).toOpaque(),
            sockets: Unmanaged.passUnretained(loop.sockets).toOpaque(),
            headers: &headerList
        )
    }
}
