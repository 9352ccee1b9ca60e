internal import API
internal import Foundation
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
        findings += profiles(settings.profilesDir)
        return findings
    }

    private static func profiles(_ folder: String) -> [Finding] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        guard let names, names.contains(where: { $0.hasSuffix(".json") }) else {
            return [
                Finding(
                    "PROFILES_DIR",
                    .wrong,
                    "\(folder) has no profile",
                    remedy: "run in the project's folder, or set PROFILES_DIR to its config/profiles"
                )
            ]
        }
        return []
    }
}
