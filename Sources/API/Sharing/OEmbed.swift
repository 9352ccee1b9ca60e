internal import Core
internal import HTTP
internal import Service

/// `/oembed` (oembed.com, version 1.0): how a page shows a shared recording whose address somebody has pasted.
extension SharedRoutes {
    private struct Embedding: Encodable {
        let version = "1.0"
        /// Of oEmbed's four types none is a sound: `rich`, as those do who have long shared sounds.
        let type: String
        let title: String
        let width: Int
        let height: Int
        let html: String
        let providerName = "Telecine"
        let providerURL: String
        let cacheAge = 300
        let thumbnailURL: String?
        let thumbnailWidth: Int?
        let thumbnailHeight: Int?

        enum CodingKeys: String, CodingKey {
            case version, type, title, width, height, html
            case providerName = "provider_name"
            case providerURL = "provider_url"
            case cacheAge = "cache_age"
            case thumbnailURL = "thumbnail_url"
            case thumbnailWidth = "thumbnail_width"
            case thumbnailHeight = "thumbnail_height"
        }
    }

    /// 404 for what is not a share of ours, 410 for one that has ended, 501 for another format than JSON, 401 for one
    /// that cannot be embedded without a password (section 2.3.4).
    @Sendable func oEmbed(_ request: Request) async throws -> Response {
        guard request.query.first("format").map({ $0 == "json" }) ?? true else {
            return .problem(Status(rawValue: 501), code: "not_implemented", "Only format=json is spoken here.")
        }
        let base = try address.base(for: request)
        guard let url = request.query.first("url"), let token = ShareAddress.token(in: url, base: base) else {
            throw ServiceError(.notFound, "url must be the address of a shared recording here.", field: "url")
        }
        let (share, asset) = try await sharing.find(token)
        if let refusal = share.refusal() { throw refusal }
        guard !share.requiresPassword else {
            throw ServiceError(.unauthenticated, "This link has a password: it cannot be shown elsewhere.")
        }
        let size = Self.fit(
            (asset.version.width ?? 1280, asset.version.height ?? 720),
            width: Self.bound("maxwidth", in: request),
            height: Self.bound("maxheight", in: request)
        )
        let source = base + ShareAddress.embed(token)
        let title = HTMLText.escaped(asset.title)
        let html = """
            <iframe src="\(HTMLText.escaped(source))" width="\(size.width)" height="\(size.height)" title="\(title)" \
            style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen loading="lazy"></iframe>
            """
        let hasPoster = asset.version.hasPoster
        return try .json(
            Embedding(
                type: asset.kind == "audio" ? "rich" : "video",
                title: asset.title,
                width: size.width,
                height: size.height,
                html: html,
                providerURL: base,
                thumbnailURL: hasPoster ? "\(base)\(ShareAddress.watch(token))/poster.jpg" : nil,
                thumbnailWidth: hasPoster ? asset.version.width : nil,
                thumbnailHeight: hasPoster ? asset.version.height : nil
            )
        )
    }

    private static func bound(_ name: String, in request: Request) -> Int? {
        request.query.first(name).flatMap(Int.init).flatMap { (1...10_000).contains($0) ? $0 : nil }
    }

    /// The picture's shape within what the page has room for, 1280 pixels wide at most.
    static func fit(_ size: (width: Int, height: Int), width: Int?, height: Int?) -> (width: Int, height: Int) {
        let (wide, high) = (Double(max(1, size.width)), Double(max(1, size.height)))
        let scale = min(Double(width ?? 1280) / wide, Double(height ?? 10_000) / high, max(1, 640 / wide))
        return (max(1, Int(wide * scale)), max(1, Int(high * scale)))
    }
}

/// Text inside HTML, attributes included.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
