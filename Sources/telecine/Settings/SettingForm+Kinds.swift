internal import Foundation

extension SettingForm where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        SettingForm(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number, or `auto` for the number given.
    static func integer(_ range: ClosedRange<Int>, auto: Int) -> Self {
        SettingForm(expected: "auto, or a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            text == "auto" ? auto : Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingForm where Value == Bool {
    static var onOff: Self {
        SettingForm(expected: "on or off") { text in
            switch text.lowercased() {
            case "on", "true", "yes", "1": true
            case "off", "false", "no", "0": false
            default: nil
            }
        }
    }
}

extension SettingForm where Value == String {
    static var path: Self { SettingForm(expected: "a folder") { $0.utf8.contains(0) ? nil : $0 } }

    static func text(_ expected: String) -> Self {
        SettingForm(expected: expected) { $0 }
    }

    static func text(_ expected: String, where isGood: @escaping @Sendable (String) -> Bool) -> Self {
        SettingForm(expected: expected) { isGood($0) ? $0 : nil }
    }

    /// An origin with at most a path; kept without the slash at its end.
    static var baseURL: Self {
        SettingForm(expected: "an address such as https://media.example.com") { text in
            guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
                ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty, parts.user == nil,
                parts.query == nil, parts.fragment == nil
            else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
    }
}

extension SettingForm where Value: RawRepresentable<String> & CaseIterable {
    static var choice: Self {
        SettingForm(expected: Value.allCases.map(\.rawValue).joined(separator: ", ")) {
            Value(rawValue: $0.lowercased())
        }
    }
}

extension SettingForm where Value == Int64 {
    /// Bytes with a unit; as everywhere in the contracts, "MB" is MiB.
    static func bytes(_ range: ClosedRange<Int64>) -> Self {
        let least = ByteCount(range.lowerBound)
        let most = ByteCount(range.upperBound)
        return SettingForm(expected: "a size from \(least) to \(most), such as 512 MiB") { text in
            ByteCount(parsing: text).flatMap { range.contains($0.bytes) ? $0.bytes : nil }
        }
    }
}

extension SettingForm where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let least = Span.text(range.lowerBound)
        let most = Span.text(range.upperBound)
        return SettingForm(expected: "a duration from \(least) to \(most), such as 90s, 30m, 24h or 7d") { text in
            Span.parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

/// Hours and minutes, local.
struct TimeOfDay: Sendable, Hashable {
    let hour: Int
    let minute: Int

    init(hour: Int, minute: Int) {
        self.hour = hour
        self.minute = minute
    }

    /// Reads `02:00`; nil for anything else.
    init?(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.count) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), (0...23).contains(hour), (0...59).contains(minute)
        else { return nil }
        self.init(hour: hour, minute: minute)
    }
}

extension SettingForm where Value == TimeOfDay {
    static var timeOfDay: Self {
        SettingForm(expected: "a time of day such as 02:00") { TimeOfDay(parsing: $0) }
    }
}

extension SettingForm {
    /// Values with commas between them.
    static func list<Element>(
        _ expected: String,
        _ parse: @escaping @Sendable (String) -> Element?
    ) -> SettingForm<[Element]> where Value == [Element] {
        SettingForm<[Element]>(expected: expected) { text in
            let items = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let values = items.compactMap(parse)
            return values.count == items.count ? values : nil
        }
    }
}

/// Durations as settings write them: `90s`, `30m`, `24h`, `7d`.
enum Span {
    private static let units: [(letter: Character, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

    static func parse(_ text: String) -> Duration? {
        guard let letter = text.last, let unit = units.first(where: { $0.letter == letter }),
            let count = Int64(text.dropLast().trimmingCharacters(in: .whitespaces)), count >= 0
        else { return nil }
        let seconds = count.multipliedReportingOverflow(by: unit.seconds)
        return seconds.overflow ? nil : .seconds(seconds.partialValue)
    }

    static func text(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let unit = units.first { seconds % $0.seconds == 0 && seconds >= $0.seconds } ?? units[3]
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
