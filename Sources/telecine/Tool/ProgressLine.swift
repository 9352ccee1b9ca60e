internal import Foundation
internal import Synchronization

/// Progress of long work: a bar that is redrawn on a terminal, a plain line at every tenth otherwise.
final class ProgressLine: Sendable {
    private struct State {
        var label = ""
        var tenth = -1
        var isDrawn = false
        var lastBar = ""
    }

    private let console: Console
    private let state = Mutex(State())

    init(_ console: Console) {
        self.console = console
    }

    /// - Parameters:
    ///   - label: what is going on; a change of it is always told.
    ///   - fraction: 0 to 1.
    ///   - detail: stands behind the bar.
    func show(_ label: String, _ fraction: Double, detail: String = "") {
        let fraction = fraction.isFinite ? min(max(fraction, 0), 1) : 0
        let percent = Int(fraction * 100)
        if console.isTerminal {
            let filled = Int(fraction * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            let line = "\(label)  \(bar) \(percent) %\(detail.isEmpty ? "" : "  \(detail)")".printable
            let isNew = state.withLock { state in
                defer { (state.lastBar, state.isDrawn) = (line, true) }
                return state.lastBar != line
            }
            if isNew { console.notes("\r\u{1B}[K\(line)") }
        } else {
            let isNew = state.withLock { state in
                defer { (state.label, state.tenth) = (label, percent / 10) }
                return state.label != label || state.tenth != percent / 10
            }
            if isNew { console.note("\(label): \(percent) %\(detail.isEmpty ? "" : ", \(detail)")".printable) }
        }
    }

    /// Ends the bar's line.
    func end() {
        let wasDrawn = state.withLock { state in
            defer { state = State() }
            return state.isDrawn
        }
        if wasDrawn { console.notes("\n") }
    }
}
