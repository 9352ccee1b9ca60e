package import Core
internal import Synchronization

/// Token buckets by key, in bounded memory.
///
/// A bucket that is full again is as good as none and is dropped first; when all are in use, those used longest
/// ago go.
package final class RateLimiter: Sendable {
    /// What a key may do: `burst` at once, one more every `interval`.
    package struct Rate: Hashable, Sendable {
        package let burst: Double
        package let interval: Duration

        package init(burst: Double, interval: Duration) {
            self.burst = burst
            self.interval = interval
        }
    }

    /// What a draw found.
    package struct Draw: Hashable, Sendable {
        /// How long until there is a token; nil when one was taken.
        package let wait: Duration?
        /// Whole tokens that are left.
        package let remaining: Int
    }

    private struct Bucket {
        let rate: Rate
        var tokens: Double
        var time: Timestamp
    }

    private let rate: Rate
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let buckets = Mutex<[String: Bucket]>([:])

    /// - Parameters:
    ///   - rate: of keys that are drawn without one of their own.
    ///   - capacity: how many keys are remembered at most.
    ///   - now: the clock.
    package init(_ rate: Rate, capacity: Int, now: @escaping @Sendable () -> Timestamp = { .now }) {
        precondition(capacity > 0, "a limiter remembers somebody")
        self.rate = rate
        self.capacity = capacity
        self.now = now
    }

    /// Takes one token; nil is nobody who is limited.
    ///
    /// - Throws: `ServiceError` with the time until there is one.
    func take(_ key: String?) throws(ServiceError) {
        guard let key, let wait = draw(key).wait else { return }
        let seconds = Self.wholeSeconds(wait)
        throw ServiceError(
            .tooManyRequests,
            "Too many attempts. Try again in \(seconds) s.",
            retryAfter: .seconds(seconds)
        )
    }

    /// Takes one token, if there is one.
    ///
    /// - Parameters:
    ///   - key: always drawn at the same rate.
    ///   - rate: nil for the limiter's own.
    /// - Returns: what is left, or how long there is nothing.
    package func draw(_ key: String, at rate: Rate? = nil) -> Draw {
        let time = now()
        return buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= capacity { evict(&buckets, time) }
            var bucket = refilled(buckets[key] ?? full(rate ?? self.rate, time), time)
            defer { buckets[key] = bucket }
            guard bucket.tokens < 1 else {
                bucket.tokens -= 1
                return Draw(wait: nil, remaining: Int(bucket.tokens))
            }
            return Draw(wait: bucket.rate.interval * (1 - bucket.tokens), remaining: 0)
        }
    }

    /// A wait as `Retry-After` says it: rounded up, so that who comes then is not early.
    package static func wholeSeconds(_ wait: Duration) -> Int64 { max(1, Int64(wait.inSeconds.rounded(.up))) }

    /// Gives a token back: for attempts that turned out to be good.
    func giveBack(_ key: String?) {
        guard let key else { return }
        buckets.withLock { buckets in
            guard let bucket = buckets[key] else { return }
            buckets[key]?.tokens = min(bucket.tokens + 1, bucket.rate.burst)
        }
    }

    /// How many keys are remembered: never more than the capacity.
    package var count: Int { buckets.withLock { $0.count } }

    private func full(_ rate: Rate, _ time: Timestamp) -> Bucket { Bucket(rate: rate, tokens: rate.burst, time: time) }

    private func refilled(_ bucket: Bucket, _ time: Timestamp) -> Bucket {
        let elapsed = max(0, (time - bucket.time).inSeconds)  // The wall clock may be set back.
        let tokens = bucket.tokens + elapsed / bucket.rate.interval.inSeconds
        return Bucket(rate: bucket.rate, tokens: min(bucket.rate.burst, tokens), time: time)
    }

    /// Makes room, an eighth at once so that a flood of keys does not pay for it each time.
    private func evict(_ buckets: inout [String: Bucket], _ time: Timestamp) {
        buckets = buckets.filter { refilled($0.value, time).tokens < $0.value.rate.burst }
        let room = max(1, capacity / 8)
        guard buckets.count > capacity - room else { return }
        let oldest = buckets.sorted { $0.value.time < $1.value.time }.prefix(buckets.count - (capacity - room))
        for (key, _) in oldest { buckets[key] = nil }
    }
}

extension RateLimiter {
    /// The key of an address.
    ///
    /// A client may have as many IPv6 addresses of its /64 as it likes: the network counts. Nil, which is not limited,
    /// for this machine itself: behind a proxy that is not named as trusted everybody comes from there.
    package static func network(of address: String) -> String? {
        // IPv4 within IPv6 (RFC 4291 section 2.5.5.2) is IPv4: its /64 would be all of it.
        let isMapped = address.lowercased().hasPrefix("::ffff:") && address.contains(".")
        let address = isMapped ? String(address.dropFirst(7)) : address
        if address.hasPrefix("127.") || address == "::1" { return nil }
        guard address.contains(":") else { return address }
        var groups = address.split(separator: ":", omittingEmptySubsequences: false).prefix(4).map(String.init)
        // `2001:db8::1` has fewer than four groups before the gap; those within it are zero.
        if let gap = groups.firstIndex(of: "") { groups = Array(groups[..<gap]) }
        return groups.joined(separator: ":") + "/64"
    }
}
