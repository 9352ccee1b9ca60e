package import SQL

/// Every migration, in order. Forward-only: a released one never changes.
package enum Schema {
    package static let migrations = [
        CatalogSchema.migration, JobsSchema.migration, IngestSchema.migration,
    ]
}
