internal import SQL
internal import Service

/// The database's migrations, in their order.
enum Schema {
    static let migrations: [Migration] = [AccountsSchema.migration]
}
