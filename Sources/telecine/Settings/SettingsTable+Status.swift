/// When the service calls itself ready.
extension SettingsTable {
    static let minimumFreeSpace = Setting(
        "MIN_FREE_SPACE",
        .processing,
        .bytes(0...(1 << 50)),
        standard: "1 GiB",
        help: "With less free on the disk of `DATA_DIR`, `/health/ready` answers 503 `too_full`."
    )
    static let maximumQueueAge = Setting(
        "MAX_QUEUE_AGE",
        .processing,
        .duration(.seconds(60)...(.seconds(86_400 * 30))),
        standard: "6h",
        help: "When a job has waited for longer, `/health/ready` answers 503 `too_old`."
    )
}
