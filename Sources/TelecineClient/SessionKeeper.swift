internal import Core

/// The tokens of a client, renewed by one call however many requests find them expired at once.
///
/// A refresh token works once, and using it twice signs the account out everywhere: hence the single flight.
actor SessionKeeper {
    private var token: String?
    private var refreshToken: String?
    private var renewal: Task<Void, any Error>?
    private let onChange: (@Sendable (Session) -> Void)?

    init(token: String?, refreshToken: String?, onChange: (@Sendable (Session) -> Void)?) {
        self.token = token
        self.refreshToken = refreshToken
        self.onChange = onChange
    }

    var accessToken: String? { token }
    var currentRefreshToken: String? { refreshToken }

    func adopt(_ session: Session) {
        token = session.token
        refreshToken = session.refreshToken
        onChange?(session)
    }

    func forget() {
        token = nil
        refreshToken = nil
    }

    /// Sees to a token other than `stale`; false when there is no way to get one.
    ///
    /// - Throws: what `renew` throws; the refresh token is then forgotten if the service refused it.
    func renew(
        insteadOf stale: String?,
        by renew: @escaping @Sendable (String) async throws -> Session
    ) async throws -> Bool {
        if token != stale, token != nil { return true }
        if let renewal {
            try await renewal.value
            return true
        }
        guard let refreshToken else { return false }
        // The task itself keeps the session, so that whoever waited for it finds the new token.
        let task = Task {
            defer { renewal = nil }
            do {
                adopt(try await renew(refreshToken))
            } catch let error as TelecineError where !error.isTransient {
                self.refreshToken = nil
                throw error
            }
        }
        renewal = task
        try await task.value
        return true
    }
}
