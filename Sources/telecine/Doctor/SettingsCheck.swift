internal import API
internal import Foundation
internal import Media
internal import Service

/// Settings that are valid and unwise.
enum SettingsCheck {
    static func findings(_ settings: Settings) -> [Finding] {
        var findings: [Finding] = []
        if let url = settings.publicURL.flatMap(URLComponents.init(string:)), url.scheme?.lowercased() == "http",
            !["localhost", "127.0.0.1", "::1", "[::1]"].contains(url.host ?? "")
        {
            findings.append(
                Finding(
                    "PUBLIC_URL",
                    .warning,
                    "passwords and cookies travel in the clear over http",
                    remedy: "put a proxy with TLS in front (deploy/nginx.conf) and set https"
                )
            )
        }
        if settings.trustedProxies.contains(where: { $0.isEverything }) {
            findings.append(
                Finding(
                    "TRUSTED_PROXIES",
                    .wrong,
                    "everybody may say which address they come from",
                    remedy: "name the proxy's own address"
                )
            )
        }
        findings += profiles(settings)
        return findings
    }

    /// What the profiles' pictures are encoded as; H.264 when they cannot be read.
    static func codecs(_ settings: Settings) -> [VideoCodec] {
        let profiles = (try? Installation.profiles(settings)) ?? []
        return VideoCodec.allCases.filter { codec in codec == .h264 || profiles.contains { $0.videoCodec == codec } }
    }

    private static func profiles(_ settings: Settings) -> [Finding] {
        do {
            _ = try Installation.profiles(settings)
            return []
        } catch {
            return [
                Finding("PROFILES_DIR", .wrong, "\(error)", remedy: "correct it, or unset it for the built-in four")
            ]
        }
    }
}
