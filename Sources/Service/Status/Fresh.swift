/// What costs work to find out, found out once for all who ask within a moment.
actor Fresh<Value: Sendable> {
    private let period: Duration
    private let find: @Sendable () async -> Value
    private var last: (value: Value, at: ContinuousClock.Instant)?
    private var finding: Task<Value, Never>?

    init(for period: Duration, _ find: @escaping @Sendable () async -> Value) {
        self.period = period
        self.find = find
    }

    var value: Value {
        get async {
            if let last, ContinuousClock.now - last.at < period { return last.value }
            if let finding { return await finding.value }
            let task = Task { await find() }
            finding = task
            let value = await task.value
            last = (value, .now)
            finding = nil
            return value
        }
    }
}
