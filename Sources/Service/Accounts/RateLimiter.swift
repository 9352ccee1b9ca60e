internal import Core
internal import Synchronization

/// Token buckets by key, in bounded memory.
///
/// A bucket that is full again is as good as none and is dropped first; when all are in use, those used longest
/// ago go.
final class RateLimiter: Sendable {
    /// What a key may do: `burst` at once, one more every `interval`.
    struct Rate: Hashable, Sendable {
        let burst: Double
        let interval: Duration
    }

    private struct Bucket {
        var tokens: Double
        var time: Timestamp
    }

    private let rate: Rate
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ rate: Rate, capacity: Int, now: @escaping @Sendable () -> Timestamp) {
        precondition(capacity > 0, "a limiter remembers somebody")
        self.rate = rate
        self.capacity = capacity
        self.now = now
    }

    /// Takes one token; nil is nobody who is limited.
    ///
    /// - Throws: `ServiceError` with the time until there is one.
    func take(_ key: String?) throws(ServiceError) {
        guard let key else { return }
        let time = now()
        let wait: Duration? = buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= capacity { evict(&buckets, time) }
            var bucket = refilled(buckets[key], time)
            defer { buckets[key] = bucket }
            guard bucket.tokens < 1 else {
                bucket.tokens -= 1
                return nil
            }
            return rate.interval * (1 - bucket.tokens)
        }
        guard let wait else { return }
        let seconds = max(1, Int64(wait.inSeconds.rounded(.up)))
        throw ServiceError(
            .tooManyRequests,
            "Too many attempts. Try again in \(seconds) s.",
            retryAfter: .seconds(seconds)
        )
    }

    /// Gives a token back: for attempts that turned out to be good.
    func giveBack(_ key: String?) {
        guard let key else { return }
        buckets.withLock { buckets in
            guard let bucket = buckets[key] else { return }
            buckets[key]?.tokens = min(bucket.tokens + 1, rate.burst)
        }
    }

    /// How many keys are remembered: never more than the capacity.
    var count: Int { buckets.withLock { $0.count } }

    private func refilled(_ bucket: Bucket?, _ time: Timestamp) -> Bucket {
        guard let bucket else { return Bucket(tokens: rate.burst, time: time) }
        let elapsed = max(0, (time - bucket.time).inSeconds)  // The wall clock may be set back.
        return Bucket(tokens: min(rate.burst, bucket.tokens + elapsed / rate.interval.inSeconds), time: time)
    }

    /// Makes room, an eighth at once so that a flood of keys does not pay for it each time.
    private func evict(_ buckets: inout [String: Bucket], _ time: Timestamp) {
        buckets = buckets.filter { refilled($0.value, time).tokens < rate.burst }
        let room = max(1, capacity / 8)
        guard buckets.count > capacity - room else { return }
        let oldest = buckets.sorted { $0.value.time < $1.value.time }.prefix(buckets.count - (capacity - room))
        for (key, _) in oldest { buckets[key] = nil }
    }
}
