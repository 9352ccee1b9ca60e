import Core
import SQL

@testable import Service

/// Playbacks of a recording of six seconds, at times that the test states.
struct InsightUnderTest: Sendable {
    let asset: ProcessedAsset
    let insight: Insight
    let metrics = Metrics()
    /// When everything begins.
    let start = Timestamp(seconds: 1_790_000_000)

    init(
        addresses: Insight.Configuration.Addresses = .anonymised,
        capacity: Int = 20_000,
        duration: Duration? = nil
    ) async throws {
        asset = try await ProcessedAsset(try await Fixture())
        let database = asset.fixture.database
        if let duration {
            try await database.write { try $0.run("UPDATE versions SET duration = \(duration.microseconds)") }
        }
        insight = Insight(
            database: database,
            configuration: Insight.Configuration(addresses: addresses),
            metrics: metrics,
            capacity: capacity
        )
    }

    func source(
        _ session: String?,
        address: String = "192.0.2.1",
        agent: String = "Firefox",
        account: UserID? = nil,
        share: ShareID? = nil,
        isPrivate: Bool = false
    ) throws -> PlaybackSource {
        try PlaybackSource(
            asset: asset.id,
            share: share,
            session: session,
            visitor: Visitor(account: account, address: address, agent: agent, isPrivate: isPrivate)
        )
    }

    /// One event, `seconds` after the beginning.
    func say(
        _ event: String,
        _ position: Double?,
        at seconds: Double,
        _ source: PlaybackSource,
        from: Double? = nil,
        duration: Double? = nil,
        quality: String? = nil,
        buffering: Bool? = nil
    ) throws {
        let event = try PlaybackEvent(
            event: event,
            position: position,
            quality: quality,
            buffering: buffering,
            from: from,
            duration: duration
        )
        try insight.record([event], from: source, at: start + .milliseconds(Int(seconds * 1000)))
    }

    func answer(share: String? = nil) async throws -> Analytics {
        let day = Day(start)
        let question = try AnalyticsQuestion(from: "\(day - 1)", to: "\(day + 1)", share: share)
        return try await insight.analytics(of: asset.id, question, for: Fixture.owner)
    }

    /// A counter's value, all of its lines together.
    func count(_ name: String) async -> Double {
        await metrics.read().first { $0.name == name }?.samples.reduce(0) { $0 + $1.value } ?? 0
    }

    func share() async throws -> Share {
        let delivery = Delivery(
            database: asset.fixture.database,
            catalog: asset.fixture.catalog,
            store: asset.fixture.store,
            keys: StreamKeys(secrets: [Array(repeating: 7, count: 32)])
        )
        return try await Sharing(database: asset.fixture.database, delivery: delivery)
            .share(asset.id, ShareRequest(), for: Fixture.owner)
    }
}
