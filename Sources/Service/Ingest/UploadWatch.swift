package import Core
internal import Synchronization

/// Tells whoever wants to know how uploads get on.
///
/// However many watch one upload, it is looked at once: often while it changes, seldom while it does not. Nothing is
/// looked at while nobody watches.
package final class UploadWatch: Sendable {
    private struct Listener {
        let continuation: AsyncStream<UploadNews>.Continuation
        let until: ContinuousClock.Instant
    }

    private struct Watched {
        var listeners: [UInt64: Listener] = [:]
        /// What all listeners know; nil when they may know different things.
        var last: UploadNews?
        var looker: Task<Void, Never>?
    }

    private struct State {
        var watched: [UploadID: Watched] = [:]
        var lastListener: UInt64 = 0
    }

    /// How long one listener is told; then it asks again, and shows again who it is.
    private static let longest = Duration.seconds(3600)
    private static let shortPause = Duration.milliseconds(300)
    private static let longPause = Duration.seconds(2)

    private let ingest: Ingest
    private let catalog: Catalog
    private let early: EarlyPlay?
    private let state = Mutex(State())

    /// `early`: nil where nothing plays before it is complete.
    package init(ingest: Ingest, catalog: Catalog, early: EarlyPlay? = nil) {
        self.ingest = ingest
        self.catalog = catalog
        self.early = early
    }

    /// What is known now, then whatever changes, until nothing will change any more or the time is over.
    ///
    /// A slow listener misses what is outdated, never the last.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`.
    package func news(of id: UploadID, for owner: UserID) async throws -> AsyncStream<UploadNews> {
        let first = try await look(id, owner)
        let (stream, continuation) = AsyncStream.makeStream(of: UploadNews.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield(first)
        guard !first.isFinal else {
            continuation.finish()
            return stream
        }
        let number = state.withLock { state in
            state.lastListener += 1
            let listener = Listener(continuation: continuation, until: .now + Self.longest)
            var watched = state.watched[id] ?? Watched(last: first)
            watched.listeners[state.lastListener] = listener
            // It was looked at in between: the next look tells everybody.
            if watched.last != first { watched.last = nil }
            if watched.looker == nil { watched.looker = Task { await self.look(at: id, of: owner) } }
            state.watched[id] = watched
            return state.lastListener
        }
        continuation.onTermination = { [weak self] _ in self?.leave(id, number) }
        return stream
    }

    private func look(_ id: UploadID, _ owner: UserID) async throws -> UploadNews {
        var news = try await ingest.news(of: id, for: owner, catalog)
        if news.state.isArriving { news.early = await early?.link(to: id, at: news.offset) }
        return news
    }

    private func leave(_ id: UploadID, _ number: UInt64) {
        let idle = state.withLock { state -> Task<Void, Never>? in
            guard var watched = state.watched[id], watched.listeners.removeValue(forKey: number) != nil else {
                return nil
            }
            guard watched.listeners.isEmpty else {
                state.watched[id] = watched
                return nil
            }
            return state.watched.removeValue(forKey: id)?.looker
        }
        idle?.cancel()
    }

    private func look(at id: UploadID, of owner: UserID) async {
        var pause = Self.shortPause
        while !Task.isCancelled {
            do { try await Task.sleep(for: pause) } catch { return }
            do {
                let news = try await look(id, owner)
                guard !Task.isCancelled else { return }
                pause = tell(news) ? Self.shortPause : min(pause * 3 / 2, Self.longPause)
            } catch let error as ServiceError where error.code != .internalFailure {
                // It is gone: terminated, expired, or its asset deleted.
                return finish(id)
            } catch {
                // The database may be busy: it is asked again.
                pause = Self.longPause
            }
        }
    }

    /// - Returns: whether anything changed.
    private func tell(_ news: UploadNews) -> Bool {
        let (listeners, isNew) = state.withLock { state -> ([Listener], Bool) in
            guard var watched = state.watched[news.id] else { return ([], false) }
            defer { state.watched[news.id] = watched }
            let isNew = watched.last != news
            watched.last = news
            return (Array(watched.listeners.values), isNew)
        }
        for listener in listeners {
            if isNew { listener.continuation.yield(news) }
            // Ends it in `leave` too, which takes the lock.
            if ContinuousClock.now > listener.until { listener.continuation.finish() }
        }
        if news.isFinal { finish(news.id) }
        return isNew
    }

    private func finish(_ id: UploadID) {
        guard let ended = state.withLock({ $0.watched.removeValue(forKey: id) }) else { return }
        for listener in ended.listeners.values { listener.continuation.finish() }
        ended.looker?.cancel()
    }
}
