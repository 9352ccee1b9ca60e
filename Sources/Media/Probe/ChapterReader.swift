internal import Core
internal import Foundation

/// A named part of a medium.
package struct Chapter: Codable, Sendable, Hashable {
    /// Microseconds from the beginning of the timeline.
    package let start: Int64
    package let end: Int64
    package let title: String

    package init(start: Int64, end: Int64, title: String) {
        self.start = start
        self.end = end
        self.title = title
    }
}

/// Reads the chapters that a file has.
package struct ChapterReader: Sendable {
    /// More are not chapters that a person made.
    static let maximum = 500
    static let titleLength = 200

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// In order, within the timeline; empty when the file has none that can be read.
    package func chapters(of path: String, timeline: Timeline) async throws -> [Chapter] {
        let result = try await tools.run(.ffprobe, input: path, media: .zero) { paths in
            ["-v", "error"] + MediaTools.inputGuards
                + ["-show_entries", "chapter=start_time,end_time:chapter_tags=title", "-of", "json", paths.input]
        }
        let text = String(decoding: result.standardOutput, as: UTF8.self)
        guard result.succeeded, let report = try? JSONDecoder().decode(Report.self, from: Data(text.utf8)) else {
            return []
        }
        return Self.chapters(
            from: report,
            start: timeline.startTime.microseconds,
            duration: timeline.duration.duration.microseconds
        )
    }

    struct Report: Decodable {
        struct Entry: Decodable {
            let startTime: String?
            let endTime: String?
            let tags: [String: String]?

            enum CodingKeys: String, CodingKey {
                case tags
                case startTime = "start_time"
                case endTime = "end_time"
            }
        }

        let chapters: [Entry]?
    }

    static func chapters(from report: Report, start: Int64, duration: Int64) -> [Chapter] {
        let found = (report.chapters ?? []).prefix(maximum).compactMap { entry -> Chapter? in
            guard let from = entry.startTime.flatMap(ProbeReport.microseconds),
                let to = entry.endTime.flatMap(ProbeReport.microseconds)
            else { return nil }
            let (begin, end) = (max(0, from - start), min(duration, to - start))
            guard begin < end else { return nil }
            let words = (entry.tags?["title"] ?? "").split(whereSeparator: { $0.isWhitespace || $0.isNewline })
            return Chapter(start: begin, end: end, title: String(words.joined(separator: " ").prefix(titleLength)))
        }
        let ordered = found.sorted { $0.start < $1.start }
        return ordered.enumerated().map { index, chapter in
            guard chapter.title.isEmpty else { return chapter }
            return Chapter(start: chapter.start, end: chapter.end, title: "Chapter \(index + 1)")
        }
    }
}

extension [Chapter] {
    /// As a WebVTT file of chapters.
    package var webVTT: String {
        WebVTT.text(of: map { Cue(start: $0.start, end: $0.end, text: WebVTT.escaped($0.title)) })
    }
}
