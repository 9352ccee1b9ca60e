package import Core
internal import SQL

/// What the catalog does by itself.
extension Catalog {
    /// Indexes what is waiting, until its task is cancelled.
    package func keepIndexed(logger: Logger) async {
        var last: Int64?
        while !Task.isCancelled {
            do {
                let counter = try await database.changeCounter()
                if counter != last { try await indexAll(logger: logger) }
                last = counter
            } catch {
                logger.error("search words could not be written", ["error": .string(String(reflecting: error))])
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func indexAll(logger: Logger) async throws {
        var count = 0
        while !Task.isCancelled {
            let some = try await indexSome()
            if some == 0 { break }
            count += some
        }
        if count > 500 { logger.info("search words written", ["assets": .integer(Int64(count))]) }
    }
}
