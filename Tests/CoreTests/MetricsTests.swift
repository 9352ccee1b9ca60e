import Core
import Testing

@Suite struct MetricsTests {
    private func values(_ metrics: Metrics, _ name: String) async -> [String: Double] {
        let family = await metrics.read().first { $0.name == name }
        let samples = family?.samples ?? []
        return Dictionary(
            uniqueKeysWithValues: samples.map { sample in
                (([sample.suffix] + sample.labels.map { "\($0)=\($1)" }).joined(separator: " "), sample.value)
            }
        )
    }

    @Test("asking again for a name adds to the same metric")
    func same() async {
        let metrics = Metrics()
        metrics.counter("things_total", "Things.", labels: "kind").add(2, "small")
        metrics.counter("things_total", "Things.", labels: "kind").add(1, "small")
        metrics.counter("things_total", "Things.", labels: "kind").add(1, "large")
        #expect(await values(metrics, "things_total") == [" kind=small": 3, " kind=large": 1])
    }

    @Test("a metric without labels is there before anything happened; one with labels has no line yet")
    func initial() async {
        let metrics = Metrics()
        _ = metrics.counter("a_total", "A.")
        _ = metrics.gauge("b", "B.", labels: "kind")
        #expect(await values(metrics, "a_total") == ["": 0])
        #expect(await values(metrics, "b").isEmpty)
    }

    @Test("a histogram's buckets count all that is at most so large")
    func histogram() async {
        let metrics = Metrics()
        let seconds = metrics.histogram("seconds", "Seconds.", buckets: [0.5, 1])
        for value in [0.25, 0.5, 0.75, 4] { seconds.observe(value) }
        #expect(
            await values(metrics, "seconds") == [
                "_bucket le=0.5": 2, "_bucket le=1.0": 3, "_bucket le=+Inf": 4, "_sum": 5.5, "_count": 4,
            ]
        )
    }

    @Test("what is looked up when somebody reads is as it is then, and lines that are over are gone")
    func lookedUp() async {
        let metrics = Metrics()
        let open = metrics.gauge("open", "Open.", labels: "door")
        open.set(7, "closed")
        metrics.beforeReading { open.replace(with: [["front"]: 3]) }
        #expect(await values(metrics, "open") == [" door=front": 3])
    }

    @Test("labels that never end share one line when there are too many")
    func bounded() async {
        let metrics = Metrics()
        let counter = metrics.counter("words_total", "Words.", labels: "word")
        for number in 0..<5000 { counter.add(1, "word\(number)") }
        let lines = await values(metrics, "words_total")
        #expect(lines.count == 1001)
        #expect(lines[" word=other"] == 4000)
    }

    @Test("nothing is lost when many add at once")
    func concurrent() async {
        let metrics = Metrics()
        let counter = metrics.counter("adds_total", "Adds.", labels: "kind")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add(1, "x") } } }
        }
        #expect(await values(metrics, "adds_total") == [" kind=x": 8000])
    }
}
