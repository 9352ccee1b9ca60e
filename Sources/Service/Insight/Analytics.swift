internal import Core

/// What an owner asks about playbacks.
package struct AnalyticsQuestion: Sendable {
    package enum Scope: Sendable, Equatable {
        case all
        /// Without a share.
        case direct
        /// By one share's link.
        case share(token: String)
    }

    package let days: ClosedRange<Day>
    package let scope: Scope

    /// The longest that is answered at once.
    package static let mostDays: Int64 = 731
    private static let usualDays: Int64 = 30

    /// The last thirty days unless told.
    ///
    /// - Parameters:
    ///   - from: the first day, `2026-11-01`.
    ///   - to: the last day, included.
    ///   - share: a share's token, or `none` for what was played without one.
    ///   - today: what stands for a missing `to`.
    /// - Throws: `.invalidRequest` that names the field.
    package init(from: String?, to: String?, share: String?, today: Day = Day(.now)) throws {
        let last = try to.map { try Self.day($0, "to") } ?? today
        let first = try from.map { try Self.day($0, "from") } ?? last - (Self.usualDays - 1)
        guard first <= last else {
            throw ServiceError(.invalidRequest, "from must not be after to.", field: "from")
        }
        guard last.rawValue - first.rawValue < Self.mostDays else {
            throw ServiceError(
                .invalidRequest,
                "from must be at most \(Self.mostDays - 1) days before to.",
                field: "from"
            )
        }
        days = first...last
        scope =
            switch share {
            case nil: .all
            case "none": .direct
            case let token?: .share(token: token)
            }
    }

    private static func day(_ text: String, _ field: String) throws -> Day {
        guard let day = Day(parsing: text) else {
            throw ServiceError(.invalidRequest, "\(field) must be a day such as 2026-11-21.", field: field)
        }
        return day
    }
}

/// What playbacks add up to.
package struct Analytics: Sendable {
    package struct Totals: Sendable, Equatable {
        /// Playbacks that began.
        package var views = 0
        /// Viewers of each day, added up.
        package var viewers = 0
        /// Of the recording: at double speed a minute counts as a minute.
        package var watched = Duration.zero
        /// Playbacks whose start was measured, and how long their starts took together.
        package var starts = 0
        package var startTime = Duration.zero
        /// Stalls after the start.
        package var rebuffers = 0
        package var rebuffered = Duration.zero
        package var errors = 0

        /// How long a start took; nil when none was measured.
        package var averageStart: Duration? { starts == 0 ? nil : startTime / starts }

        /// Of the time that viewers spent, the part that they waited in stalls; nil when nothing was played.
        package var rebufferRatio: Double? {
            let all = watched.inSeconds + rebuffered.inSeconds
            return all > 0 ? rebuffered.inSeconds / all : nil
        }
    }

    package struct ShareLine: Sendable {
        /// Nil: without a share.
        package let token: String?
        package let totals: Totals
    }

    package var totals = Totals()
    /// Every day of the question, those without playbacks too.
    package var days: [(day: Day, totals: Totals)] = []
    /// How much was watched in each quality, the most first.
    package var qualities: [(name: String, watched: Duration)] = []
    /// How often each kind of error came, the most first.
    package var errors: [(code: String, count: Int)] = []
    /// The start time that half of all starts keep within, as a class's upper bound in seconds.
    package var medianStart: Double?
    /// How often each step of the recording was played.
    package var retention = RetentionCurve(step: 1)
    /// The shares with playbacks, the most viewed first; empty when one was asked for.
    package var shares: [ShareLine] = []
}
