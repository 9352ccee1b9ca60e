package import Service

/// What the API tells of how the service does.
package struct ServiceStatus: Sendable {
    /// This process's.
    let health: Health
    /// All services', wherever they run.
    let checker: StatusChecker
    /// The queue, the workers and the disk, for administrators.
    let reader: StatusReader

    package init(health: Health, checker: StatusChecker, reader: StatusReader) {
        self.health = health
        self.checker = checker
        self.reader = reader
    }
}
