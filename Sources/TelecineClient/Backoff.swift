/// How often, and after which pause, a call is tried again.
public struct Backoff: Hashable, Sendable {
    /// Tries in all, the first included.
    public var attempts: Int
    /// The pause before the second try; it doubles from then on.
    public var first: Duration
    /// No pause is longer, whatever the service asks.
    public var longest: Duration

    /// A policy of retries.
    public init(attempts: Int = 8, first: Duration = .milliseconds(500), longest: Duration = .seconds(30)) {
        self.attempts = max(1, attempts)
        self.first = first
        self.longest = longest
    }

    /// The pause after a failed try.
    ///
    /// - Parameters:
    ///   - attempt: how many tries have failed.
    ///   - asked: the service's `Retry-After`; never undercut, but bounded by `longest`.
    ///   - jitter: 0 to 1; it spreads clients that failed together over the second half of the pause.
    /// - Returns: the pause; nil when that was the last try.
    func pause(after attempt: Int, asked: Duration?, jitter: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let doubled = first * (1 << min(attempt - 1, 20))
        let bounded = min(doubled, longest)
        let spread = bounded * (0.5 + 0.5 * min(max(jitter, 0), 1))
        guard let asked else { return spread }
        return max(spread, min(asked, longest))
    }
}
