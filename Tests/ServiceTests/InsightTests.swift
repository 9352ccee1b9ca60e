import Core
import SQL
import Testing

@testable import Service

@Suite struct InsightTests {
    @Test("the curve counts who was there at each second once, and repetitions apart")
    func curve() async throws {
        let under = try await InsightUnderTest()
        let first = try under.source("a")
        try under.say("play", 0, at: 0, first)
        try under.say("heartbeat", 2.6, at: 2.6, first)
        try under.say("seek", 2, at: 4, first, from: 4)
        try under.say("pause", 5, at: 7, first)
        let second = try under.source("b", agent: "Safari")
        try under.say("play", 0, at: 0, second)
        try under.say("ended", 6, at: 6, second)
        let answer = try await under.answer()
        #expect(answer.retention.step == 1)
        #expect(answer.retention.reached == [2, 2, 2, 2, 2, 1])
        #expect(answer.retention.played == [2, 2, 3, 3, 2, 1])
        #expect(answer.totals.views == 2 && answer.totals.viewers == 2)
        #expect(answer.totals.watched == .seconds(13))
        #expect(answer.days.map(\.totals.views) == [0, 2, 0])
    }

    @Test("a player that says only where it jumped to has played until then as long as it took")
    func jumps() async throws {
        let under = try await InsightUnderTest()
        let source = try under.source(nil, account: Fixture.owner)
        try under.say("play", 0, at: 0, source)
        try under.say("seeking", 5, at: 2, source)
        try under.say("seeked", 5, at: 2, source)
        try under.say("ended", 6, at: 3, source)
        let answer = try await under.answer()
        #expect(answer.retention.reached == [1, 1, 0, 0, 0, 1])
        #expect(answer.totals.watched == .seconds(3) && answer.totals.views == 1)
    }

    @Test("what nobody can have played in the time that went by is a jump, and so is the way back")
    func implausible() async throws {
        let under = try await InsightUnderTest(duration: .seconds(1000))
        let source = try under.source("a")
        try under.say("play", 0, at: 0, source)
        try under.say("heartbeat", 900, at: 1, source)
        try under.say("heartbeat", 10, at: 2, source)
        try under.say("heartbeat", 20, at: 12, source)
        #expect(try await under.answer().totals.watched == .seconds(10))
    }

    @Test("the same viewer is one, whatever he opens; another browser or account is another")
    func viewers() async throws {
        let under = try await InsightUnderTest()
        for (session, agent) in [("a", "Firefox"), ("b", "Firefox"), ("c", "Safari")] {
            try under.say("play", 0, at: 0, try under.source(session, agent: agent))
        }
        try under.say("play", 0, at: 0, try under.source("d", account: Fixture.owner))
        try under.say("play", 0, at: 0, try under.source("e", account: Fixture.owner))
        let totals = try await under.answer().totals
        #expect(totals.views == 5 && totals.viewers == 3)
    }

    @Test(
        "of an address its network tells viewers apart, all of it, or nothing",
        arguments: [(.anonymised, 2), (.full, 3), (.none, 0)] as [(Insight.Configuration.Addresses, Int)]
    )
    func addresses(_ addresses: Insight.Configuration.Addresses, _ viewers: Int) async throws {
        let under = try await InsightUnderTest(addresses: addresses)
        for (session, address) in [("a", "192.0.2.1"), ("b", "::ffff:192.0.2.77"), ("c", "2001:db8:1::5")] {
            try under.say("play", 0, at: 0, try under.source(session, address: address))
        }
        let totals = try await under.answer().totals
        #expect(totals.views == 3 && totals.viewers == viewers)
    }

    @Test("who asks not to be tracked is a view and no viewer, and leaves no events")
    func privacy() async throws {
        let under = try await InsightUnderTest()
        let source = try under.source("a", isPrivate: true)
        try under.say("play", 0, at: 0, source)
        try under.say("ended", 6, at: 6, source)
        // Without a session's name there is nothing that could be counted without a key.
        try under.say("play", 0, at: 0, try under.source(nil, isPrivate: true))
        let answer = try await under.answer()
        #expect(answer.totals.views == 1 && answer.totals.viewers == 0 && answer.totals.watched == .seconds(6))
        for table in ["playback_events", "playback_viewers"] as [StaticString] {
            let row = try await under.asset.fixture.database.read { try $0.first("SELECT 1 FROM \(identifier: table)") }
            #expect(row == nil, "\(table)")
        }
        #expect(await under.count("telecine_playback_events_dropped_total") == 1)
        try await under.insight.forget(at: under.start + .seconds(86_500))
        let session = try await under.asset.fixture.database.read { try $0.first("SELECT 1 FROM playback_sessions") }
        #expect(session == nil, "after a day nothing of the playback itself is left")
        #expect(try await under.answer().totals.views == 1)
    }

    @Test("what is played by a link is counted for the link, and for all")
    func shares() async throws {
        let under = try await InsightUnderTest()
        let share = try await under.share()
        try under.say("play", 0, at: 0, try under.source("a", share: share.id))
        try under.say("play", 0, at: 0, try under.source("b", share: share.id))
        try under.say("play", 0, at: 0, try under.source("c"))
        let all = try await under.answer()
        #expect(all.totals.views == 3 && all.totals.viewers == 1)
        #expect(all.shares.map(\.token) == [share.token, nil] && all.shares.map(\.totals.views) == [2, 1])
        #expect(try await under.answer(share: share.token).totals.views == 2)
        #expect(try await under.answer(share: "none").totals.views == 1)
        #expect(await code { _ = try await under.answer(share: "other") } == .notFound)
    }

    @Test("starts, stalls and errors are counted; what comes before the first picture is no stall")
    func quality() async throws {
        let under = try await InsightUnderTest(duration: .seconds(100))
        let source = try under.source("a")
        try under.say("buffer", 0, at: 0, source, buffering: true)
        try under.say("play", 0, at: 0, source, quality: "360p")
        try under.say("startup", 0, at: 1, source, duration: 0.4)
        try under.say("buffer", 5, at: 6, source, duration: 1.5)
        try under.say("quality_change", 10, at: 11, source, quality: "720p")
        try under.say("buffer", 20, at: 21, source, buffering: true)
        try under.say("buffer", 20, at: 23, source, buffering: false)
        try under.say("pause", 30, at: 33, source)
        try under.say("error", 30, at: 34, source)
        let answer = try await under.answer()
        let totals = answer.totals
        #expect(totals.starts == 1 && totals.averageStart == .milliseconds(400) && answer.medianStart == 0.5)
        #expect(totals.rebuffers == 2 && totals.rebuffered == .milliseconds(3500) && totals.errors == 1)
        #expect(answer.errors.map(\.code) == ["other"])
        #expect(answer.qualities.map(\.name) == ["720p", "360p"])
        #expect(answer.qualities.map(\.watched) == [.seconds(20), .seconds(10)])
    }

    @Test("a stranger's inventions do not fill the tables")
    func names() async throws {
        let under = try await InsightUnderTest(duration: .seconds(1000))
        let source = try under.source("a")
        try under.say("play", 0, at: 0, source)
        for number in 1...50 {
            try under.say("quality_change", Double(number), at: Double(number), source, quality: "\(number + 100)p")
        }
        #expect(try await under.answer().qualities.count <= 25)
        let event = try PlaybackEvent(event: "play", quality: "<script>")
        #expect(event.quality == "other")
        #expect(throws: ServiceError.self) { _ = try under.source("a b") }
    }

    @Test("what there is no room for is dropped and counted, and nobody waits")
    func bounded() async throws {
        let under = try await InsightUnderTest(capacity: 3)
        for number in 0..<5 { try under.say("play", 0, at: 0, try under.source("s\(number)")) }
        #expect(try await under.answer().totals.views == 3)
        #expect(await under.count("telecine_playback_events_received_total") == 5)
        #expect(await under.count("telecine_playback_events_dropped_total") == 2)
        #expect(await under.count("telecine_playback_events_written_total") == 3)
    }

    @Test("too many events at once, or too often, are refused")
    func limits() async throws {
        let under = try await InsightUnderTest()
        let source = try under.source("a")
        let many = Array(repeating: try PlaybackEvent(event: "heartbeat"), count: 101)
        #expect(await code { try under.insight.record(many, from: source) } == .invalidRequest)
        let refused = await code { for _ in 0..<200 { try under.say("heartbeat", 1, at: 0, source) } }
        #expect(refused == .tooManyRequests)
    }

    @Test("many viewers behind one address, whose players name no session, are all heard")
    func shared() async throws {
        let under = try await InsightUnderTest()
        for number in 0..<250 { try under.say("play", 0, at: 0, under.source(nil, agent: "Player \(number)")) }
        #expect(try await under.answer().totals.views == 250)
    }

    @Test("events go after their time; what they add up to stays, and others may not see it")
    func forgotten() async throws {
        let under = try await InsightUnderTest()
        let source = try under.source("a")
        try under.say("play", 0, at: 0, source)
        try under.say("play", 0, at: 86_400 * 50, source)
        await under.insight.flush()
        #expect(try await under.insight.forget(at: under.start + .seconds(86_400 * 91)) == 1)
        let left = try await under.asset.fixture.database.read { try $0.all("SELECT id FROM playback_events") }
        #expect(left.count == 1)
        #expect(try await under.answer().totals.views == 1)
        let question = try AnalyticsQuestion(from: nil, to: nil, share: nil)
        #expect(
            await code { _ = try await under.insight.analytics(of: under.asset.id, question, for: Fixture.stranger) }
                == .forbidden
        )
    }
}

@Suite struct CMCDTests {
    @Test("keys are read as players write them, in the query and in headers")
    func read() {
        #expect(CMCD([#"bl=4000,br=3000,bs,cid="a,b",sid="6e2f-1",v=1"#]) == CMCD([#"sid="6e2f-1",bs=true"#]))
        #expect(CMCD([#"sid="x""#, "bl=0", "bs"])?.isStarved == true)
        #expect(CMCD([#"sid="a\"b,c",bl=1"#])?.session == #"a"b,c"#)
        #expect(CMCD(["br=1000"]) == nil && CMCD([""]) == nil && CMCD([#"sid="""#]) == nil)
        #expect(CMCD(["sid=\"x\"," + String(repeating: "a", count: 3000)]) == nil)
    }

    @Test(
        "fetched segments make a view, time and qualities, once each; a player that reports itself is not counted twice"
    )
    func counted() async throws {
        let under = try await InsightUnderTest()
        func fetch(_ rendition: String, _ number: Int, _ session: String, isStarved: Bool = false) throws {
            under.insight.record(
                FetchedSegment(version: 1, rendition: rendition, number: number, isStarved: isStarved),
                from: try under.source(session),
                at: under.start
            )
        }
        for number in [0, 1, 1] { try fetch("360p", number, "a", isStarved: number == 1) }
        for number in [0, 1, 9] { try fetch("audio", number, "a") }
        try fetch("720p", 2, "a")
        try fetch("720p", 9, "a")
        let answer = try await under.answer()
        #expect(answer.totals.views == 1 && answer.totals.watched == .seconds(6))
        #expect(answer.totals.rebuffers == 2)
        #expect(answer.retention.reached == [1, 1, 1, 1, 1, 1])
        #expect(answer.qualities.map(\.name) == ["360p", "720p"])
        try under.say("play", 0, at: 0, try under.source("b"))
        for number in 0..<3 { try fetch("360p", number, "b") }
        #expect(try await under.answer().totals.watched == .seconds(6))
    }
}

@Suite struct RetentionCurveTests {
    @Test("a step belongs to the part that its middle lies in, the short last one too")
    func steps() {
        func steps(_ start: Int, _ end: Int, of duration: Duration = .milliseconds(3300)) -> Range<Int> {
            let part = PlayedPart(start: .milliseconds(start), end: .milliseconds(end), quality: nil)
            return RetentionCurve.steps(in: part, step: 1, duration: duration)
        }
        #expect(steps(0, 3300) == 0..<4)
        #expect(steps(0, 3100) == 0..<3)
        #expect(steps(600, 1400).isEmpty)
        #expect(steps(400, 600) == 0..<1)
        #expect(steps(3000, 3300) == 3..<4)
        #expect(steps(3200, 3300).isEmpty)
        #expect(steps(0, 10, of: .zero).isEmpty)
    }

    @Test("an hour has a step a second, more than that as many")
    func long() {
        #expect(RetentionCurve.step(for: .seconds(3600)) == 1)
        #expect(RetentionCurve.step(for: .seconds(3601)) == 2)
        #expect(RetentionCurve.steps(RetentionCurve.step(for: .seconds(90_000)), for: .seconds(90_000)) == 3600)
    }

    @Test("curves are stored small and come back whole, and those of other lengths are added", arguments: [1, 2, 3])
    func stored(_ step: Int) {
        let counts = [0, 1, 127, 128, 300_000, 0, 5]
        #expect(RetentionCurve.unpacked(RetentionCurve.packed(counts + [0, 0])) == counts)
        #expect(RetentionCurve.packed([0, 0]).isEmpty)
        var curve = RetentionCurve(step: step)
        var other = RetentionCurve(step: 1)
        other.reached = [4, 3, 2, 1]
        curve.add(other)
        #expect(curve.reached == [1: [4, 3, 2, 1], 2: [4, 2], 3: [4, 1]][step])
    }

    @Test("days are read and written as the calendar has them")
    func days() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-21", "1999-12-31"] {
            #expect(Day(parsing: text)?.description == text)
        }
        #expect(Day(parsing: "1970-01-02")?.rawValue == 1)
        for text in ["2025-02-29", "2026-13-01", "2026-1-1", "20261121", "", "2026-11-21T"] {
            #expect(Day(parsing: text) == nil, "\(text)")
        }
    }
}
