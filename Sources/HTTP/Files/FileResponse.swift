internal import Core

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Files as responses: ranges, conditions, `HEAD`.
package enum FileResponse {
    /// A file of the disk, sent by `sendfile`; small ones and segments from memory when they are asked for again.
    ///
    /// One range is 206 (RFC 9110 section 14), several are answered with the whole, one past the end is 416. Opens the
    /// file on the calling thread: for local disks.
    ///
    /// `etag`: with quotes; nil for one made of the file's time and size.
    ///
    /// `cacheControl`: nil sends no `Cache-Control`.
    ///
    /// `isImmutable`: whether what stands at the path never changes; one that was deleted may be sent for a second.
    ///
    /// Throws `ServiceError(.notFound)` when there is no regular file.
    package static func make(
        for request: Request,
        path: String,
        contentType: String,
        cacheControl: String? = nil,
        etag: String? = nil,
        isImmutable: Bool = false
    ) throws -> Response {
        if isImmutable, let entry = FileCache.shared.findImmutable(path) {
            return answer(request, entry, contentType, cacheControl, etag)
        }
        guard let stamp = FileStamp(path: path) else { throw missing(path) }
        if let entry = FileCache.shared.find(path, stamp) {
            return answer(request, entry, contentType, cacheControl, etag)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw missing(path) }
        let file = OpenFile(descriptor: descriptor)
        // The path may lead to another file by now: what was opened counts.
        guard let opened = FileStamp(descriptor: descriptor) else { throw missing(path) }
        if opened == stamp, let entry = cached(path, stamp, descriptor, isImmutable: isImmutable) {
            return answer(request, entry, contentType, cacheControl, etag)
        }
        return make(for: request, file: file, opened, contentType, cacheControl, etag)
    }

    /// The same for a file that never changes and is in memory already; nil for any other.
    package static func inMemory(
        for request: Request,
        path: String,
        contentType: String,
        cacheControl: String
    ) -> Response? {
        FileCache.shared.findImmutable(path).map { answer(request, $0, contentType, cacheControl, nil) }
    }

    private static func answer(
        _ request: Request,
        _ entry: FileCache.Entry,
        _ contentType: String,
        _ cacheControl: String?,
        _ etag: String?
    ) -> Response {
        let validators = entry.validators.tagged(etag)
        let headers = headers(contentType, cacheControl, validators)
        return answer(request, validators, headers, length: entry.stamp.size) { range in
            .shared(entry.bytes, Int(range.lowerBound)..<Int(range.upperBound))
        }
    }

    /// An open file; takes the descriptor over.
    ///
    /// Otherwise as ``make(for:path:contentType:cacheControl:etag:isImmutable:)``.
    package static func make(
        for request: Request,
        descriptor: Int32,
        contentType: String,
        cacheControl: String? = nil,
        etag: String? = nil
    ) throws -> Response {
        let file = OpenFile(descriptor: descriptor)
        guard let stamp = FileStamp(descriptor: descriptor) else { throw missing("descriptor \(descriptor)") }
        return make(for: request, file: file, stamp, contentType, cacheControl, etag)
    }

    /// Bytes in memory with the same rules for ranges and conditions.
    package static func make(
        for request: Request,
        bytes: SharedBytes,
        contentType: String,
        cacheControl: String? = nil,
        etag: String? = nil
    ) -> Response {
        let validators = Validators(etag: etag, modified: nil)
        return answer(
            request,
            validators,
            headers(contentType, cacheControl, validators),
            length: Int64(bytes.count)
        ) { .shared(bytes, Int($0.lowerBound)..<Int($0.upperBound)) }
    }

    private static func make(
        for request: Request,
        file: OpenFile,
        _ stamp: FileStamp,
        _ contentType: String,
        _ cacheControl: String?,
        _ etag: String?
    ) -> Response {
        let validators = Validators(etag: etag ?? stamp.etag, modified: stamp.modifiedSeconds)
        return answer(request, validators, headers(contentType, cacheControl, validators), length: stamp.size) {
            range in
            .file(FileSlice(file, offset: range.lowerBound, length: range.upperBound - range.lowerBound))
        }
    }

    private static func headers(_ contentType: String, _ cacheControl: String?, _ validators: Validators) -> Headers {
        var headers: Headers = ["Content-Type": contentType, "Accept-Ranges": "bytes"]
        if let cacheControl { headers.add("Cache-Control", cacheControl) }
        validators.write(to: &headers)
        return headers
    }

    private static func answer(
        _ request: Request,
        _ validators: Validators,
        _ headers: Headers,
        length: Int64,
        body: (Range<Int64>) -> ResponseBody
    ) -> Response {
        var response = Response(headers: headers)
        switch validators.verdict(request) {
        case .notModified: return response.notModified(length: length)
        case .preconditionFailed:
            return .problem(.preconditionFailed, code: "precondition_failed", "The file is not what you expect.")
        case .proceed: break
        }
        // A range means something for GET alone (RFC 9110 section 14.2).
        let ranged = request.method == .get && validators.allowsRange(request)
        switch ByteRange(ranged ? request.headers["Range"] : nil, length: length) {
        case .whole: response.body = body(0..<length)
        case .part(let range):
            response.status = .partialContent
            response.headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
            response.body = body(range)
        case .unsatisfiable:
            var refusal = Response.problem(
                .rangeNotSatisfiable,
                code: "range_not_satisfiable",
                "The file has \(length) bytes."
            )
            refusal.headers["Content-Range"] = "bytes */\(length)"
            refusal.headers["Accept-Ranges"] = "bytes"
            return refusal
        }
        return response
    }

    /// Takes a small file, or one that is never cut, into the cache; nil for one that is large, changing, or cannot be
    /// read.
    private static func cached(
        _ path: String,
        _ stamp: FileStamp,
        _ descriptor: Int32,
        isImmutable: Bool
    ) -> FileCache.Entry? {
        guard stamp.size <= (isImmutable ? FileCache.mapLimit : FileCache.copyLimit), stamp.size > 0, !stamp.isFresh,
            let bytes = stamp.size > FileCache.copyLimit
                ? SharedBytes(mapping: descriptor, count: Int(stamp.size)) : read(descriptor, Int(stamp.size)),
            FileStamp(descriptor: descriptor) == stamp
        else { return nil }
        let validators = Validators(etag: stamp.etag, modified: stamp.modifiedSeconds)
        let entry = FileCache.Entry(stamp: stamp, bytes: bytes, validators: validators)
        FileCache.shared.keep(entry, at: path)
        return entry
    }

    private static func read(_ descriptor: Int32, _ count: Int) -> SharedBytes? {
        var isWhole = true
        let bytes = SharedBytes(capacity: count) { memory in
            isWhole = pread(descriptor, memory.baseAddress, count, 0) == count
        }
        return isWhole ? bytes : nil
    }

    private static func missing(_ path: String) -> ServiceError {
        ServiceError(.notFound, "There is nothing at this address.", detail: "no file at \(path)")
    }
}
