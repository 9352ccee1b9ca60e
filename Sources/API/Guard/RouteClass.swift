package import HTTP

/// What kind of thing a request asks for, as far as limits go.
package enum RouteClass: String, CaseIterable, Sendable {
    /// Whatever makes or prolongs a session: each costs a slow hash, or is a guess.
    case signIn = "sign-in"
    case writes
    case reads
    /// Files that may have to be made first: pictures to measure, MP4s, what contract 2 names before it is there.
    case media
    /// What players report: many viewers sit behind one address, and each reports every few seconds.
    case events

    /// Nil for what has no limit: segments and playlists, the bytes of uploads (they have limits of their own), what is
    /// the same for everybody, and what machines watch.
    package init?(_ request: Request) {
        let parts = request.segments
        let isRead = [.get, .head, .options].contains(request.method)
        switch parts.first {
        case _ where Self.isReport(parts, request.method): self = .events
        case "stream":
            guard parts.count == 3, parts[2].hasSuffix(".mp4") else { return nil }
            self = .media
        case "static", "health", "metrics", "favicon.ico": return nil
        case "images": self = .media
        case "media" where isRead && Self.isFile(parts): self = .media
        case "setup" where !isRead: self = .signIn
        case "api" where parts.count > 2 && parts[1] == "auth" && !isRead && parts[2] != "logout": self = .signIn
        case "api" where Self.isTransfer(parts, request.method): return nil
        default: self = isRead ? .reads : .writes
        }
    }

    /// Contract 2's files: `/media/<folder>/<file>` and `/media/user_<id>/<kind>/<file>`; the rest is contract 1's.
    static func isFile(_ parts: [String]) -> Bool {
        switch parts.count {
        case 3: MediaFile.folders.contains(parts[1])
        case 4: parts[1].hasPrefix("user_")
        default: false
        }
    }

    /// Of a playback, by the asset or by the stream's token.
    private static func isReport(_ parts: [String], _ method: HTTPMethod) -> Bool {
        guard method == .post, parts.last == "events" else { return false }
        return parts.count == 3 && ["media", "stream"].contains(parts[0])
            || parts.count == 4 && parts[0] == "api" && parts[1] == "media"
    }

    /// The pieces of an upload, and the questions where it stands that come with each; not what begins or ends one.
    private static func isTransfer(_ parts: [String], _ method: HTTPMethod) -> Bool {
        if parts.count == 4, parts[1] == "uploads" { return parts[3] == "chunks" }
        let isResumable =
            parts.count == 5 && parts[1] == "v1" && parts[2] == "videos" && ["tus", "resumable"].contains(parts[3])
        return isResumable && !parts[4].isEmpty && method != .delete
    }
}
