/// Something without which a part of the service cannot do its work, and how one looks whether it is there.
package struct HealthCheck: Sendable {
    /// A stable word, also the value of a metric's label.
    package enum Name: String, CaseIterable, Sendable {
        case database, migrations, storage, tools, workers, queue
    }

    package let name: Name
    /// Nil when all is well.
    let look: @Sendable () async -> HealthProblem?

    package init(_ name: Name, _ look: @escaping @Sendable () async -> HealthProblem?) {
        self.name = name
        self.look = look
    }
}

/// Why something is not well.
package struct HealthProblem: Sendable, Hashable {
    /// For machines: `read_only`.
    package let code: String
    /// For everybody: names no path and no address.
    package let reason: String
    /// For administrators.
    package let detail: String

    package init(_ code: String, _ reason: String, detail: String = "") {
        self.code = code
        self.reason = reason
        self.detail = detail
    }

    static let silent = HealthProblem("no_answer", "It does not answer in time.")
}

/// What one look has found.
package struct HealthFinding: Sendable, Hashable {
    package let check: HealthCheck.Name
    package let problem: HealthProblem?
}
