package import SQL

/// Every migration, in order.
///
/// Forward-only: a released one never changes.
package enum Schema {
    package static let migrations = [
        AccountsSchema.migration, CatalogSchema.migration, JobsSchema.migration, IngestSchema.migration,
        InsightSchema.migration, AppendedSchema.migration, ProcessingSchema.migration,
        DerivativesSchema.migration, ToldEndSchema.migration, UploadLimitsSchema.migration,
        SingleRequestSchema.migration, UpkeepSchema.migration, SurroundingsSchema.migration,
        ListsSchema.migration, SharingSchema.migration, AuditSchema.migration, AccountKeysSchema.migration,
        VersionCaptionsSchema.migration, StatusSchema.migration, InsightSchema.analytics,
        StatedHashSchema.migration, JobsSchema.crashes, StatusSchema.mp4s,
        YouTubeSchema.migration, VersionKindsSchema.migration,
    ]
}
