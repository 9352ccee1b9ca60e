import API
import Foundation
import Service
import Testing

@testable import telecine

@Suite struct SettingsTests {
    private func reader(
        options: [String: String] = [:],
        _ environment: [String: String] = [:],
        dotEnv: String = ""
    ) -> SettingsReader {
        SettingsReader(options: options, environment: environment, file: EnvironmentFile(text: dotEnv))
    }

    private func errors(_ environment: [String: String], dotEnv: String = "") -> [String] {
        do {
            _ = try Settings(reader(environment, dotEnv: dotEnv))
            return []
        } catch {
            return error.lines
        }
    }

    @Test("every default is a value of its setting")
    func defaults() throws {
        for setting in SettingsTable.all {
            if let standard = setting.standard { #expect(setting.accepts(standard), "\(setting.name)") }
        }
        let settings = try Settings(reader())
        #expect(settings.port == 3000)
        #expect(settings.chunkSize == 5_242_880)
        #expect(settings.maxUploadSize == 10 << 30)
        #expect(settings.uploadExpiry == .seconds(86_400))
        #expect(settings.registration == .open)
        #expect(settings.uploadSync == .complete)
        #expect(settings.userLimits == UserLimits(openUploads: 1000, openBytes: 100 << 30))
        #expect(settings.metricsAllow == MetricsRoutes.near && settings.metricsAllow.count == 7)
        #expect(settings.gateway.corsOrigins == ["*"])
        #expect(settings.gateway.limits == RequestLimits.generous)
        #expect(settings.gateway.limits.count == RouteClass.allCases.count)
        #expect(settings.trustedProxies.isEmpty && settings.publicURL == nil && settings.jwtSecret == nil)
    }

    @Test("options win over the environment, the environment over .env, .env over the default")
    func precedence() throws {
        let file = "PORT=1\nHOST=127.0.0.3\nWORKERS=7"
        let environment = ["PORT": "2", "HOST": "127.0.0.2"]
        let settings = try Settings(reader(options: ["--port": "3"], environment, dotEnv: file))
        #expect(settings.port == 3)
        #expect(settings.host == "127.0.0.2")
        #expect(settings.workers == 7)
    }

    @Test("a limit is a number and a period, or off")
    func limits() throws {
        let limits = try Settings(reader(["RATE_LIMIT_READS": "600/10s", "RATE_LIMIT_MEDIA": "off"])).gateway.limits
        #expect(limits[.reads] == .init(count: 600, period: .seconds(10)) && limits[.media] == nil)
        for wrong in ["600", "0/1m", "600/0s", "600/2d", "many/1m", "6/1m/1"] {
            #expect(errors(["RATE_LIMIT_READS": wrong]).count == 1, "\(wrong)")
        }
    }

    @Test("how long what is known of people is kept, and what of it, is a setting")
    func retention() throws {
        let environment = [
            "ANALYTICS_RETENTION_DAYS": "3", "ANALYTICS_ADDRESSES": "none", "AUDIT_DAYS": "30", "TRASH_DAYS": "2",
        ]
        let settings = try Settings(reader(environment))
        #expect(settings.analyticsRetention == .seconds(3 * 86_400) && settings.analyticsAddresses == .none)
        #expect(settings.gateway.keepAudit == .seconds(30 * 86_400) && settings.trashPeriod == .seconds(2 * 86_400))
        for (name, wrong) in [("ANALYTICS_RETENTION_DAYS", "0"), ("ANALYTICS_ADDRESSES", "some"), ("AUDIT_DAYS", "0")] {
            #expect(errors([name: wrong]).count == 1, "\(name)")
        }
    }

    @Test("a YouTube channel is set up whole or not at all; open to anybody, it says so")
    func youTube() throws {
        let whole = ["YOUTUBE_CLIENT_ID": "c", "YOUTUBE_CLIENT_SECRET": "s", "YOUTUBE_REFRESH_TOKEN": "r"]
        let open = try Settings(reader(whole))
        #expect(open.youTube.publishers == .owners && open.notices.count == 1)
        #expect(open.youTube.client?.apiURL == "https://www.googleapis.com")
        #expect(try Settings(reader(whole.merging(["REGISTRATION": "invite"]) { $1 })).notices.isEmpty)
        #expect(try Settings(reader(whole.merging(["YOUTUBE_PUBLISHERS": "admins"]) { $1 })).notices.isEmpty)
        let none = try Settings(reader()).youTube
        #expect(none.client == nil && none.publishers == .nobody)
        for name in whole.keys {
            let lines = errors(whole.filter { $0.key != name })
            #expect(lines.count == 1 && lines[0].hasPrefix(name), "\(lines)")
        }
        let wrong = errors(whole.merging(["YOUTUBE_REFRESH_TOKEN": "two words"]) { $1 })
        #expect(!wrong.isEmpty && !wrong.joined().contains("two words"))
        for (name, value) in [("YOUTUBE_PUBLISHERS", "nobody"), ("YOUTUBE_API_URL", "ftp://a")] {
            #expect(errors(whole.merging([name: value]) { $1 }).count == 1, "\(name)")
        }
    }

    @Test("an empty value is no value")
    func empty() throws {
        #expect(try Settings(reader(["PORT": "", "PUBLIC_URL": ""])).port == 3000)
    }

    @Test("all wrong values are told at once, each with its name, value, origin and what is expected")
    func allErrors() {
        let lines = errors(["PORT": "70000", "REGISTRATION": "maybe"], dotEnv: "CHUNK_SIZE=tiny")
        #expect(
            lines == [
                "PORT=70000 (environment): expected a whole number from 0 to 65535",
                "REGISTRATION=maybe (environment): expected open, invite, closed",
                "CHUNK_SIZE=tiny (.env): expected a size from 64 KiB to 256 MiB, such as 512 MiB",
            ]
        )
    }

    @Test(
        "a wrong value is refused",
        arguments: [
            ("PORT", "-1"), ("PORT", "3000a"), ("PUBLIC_URL", "media.example.com"), ("PUBLIC_URL", "ftp://a"),
            ("PUBLIC_URL", "https://a.example/?x=1"), ("MAX_UPLOAD_SIZE", "0"), ("MAX_UPLOAD_SIZE", "99999999999 TiB"),
            ("UPLOAD_EXPIRY", "24"), ("UPLOAD_EXPIRY", "99999999999999999d"), ("UPLOAD_EXPIRY", "-1h"),
            ("WORKERS", "many"), ("CONTRACT_PORTS", "perhaps"), ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("TRUSTED_PROXIES", "proxy.local"), ("CORS_ORIGINS", "https://a.example/path"), ("LOG_LEVEL", "loud"),
            ("LOG_FORMAT", "xml"), ("TOKEN_LIFETIME", "2d"), ("UPLOAD_SYNC", "always"), ("MAX_OPEN_UPLOADS", "0"),
            ("METRICS_ALLOW", "everybody"),
        ]
    )
    func refused(_ name: String, _ value: String) {
        let lines = errors([name: value])
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("\(name)=") == true)
    }

    @Test("sizes, durations, switches and lists are read in their usual spellings")
    func spellings() throws {
        let settings = try Settings(
            reader([
                "MAX_UPLOAD_SIZE": "500MB", "UPLOAD_EXPIRY": "90m", "CONTRACT_PORTS": "on",
                "TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,fd00::/8", "PUBLIC_URL": "https://media.example.com/",
                "REGISTRATION": "Closed", "UPLOAD_SYNC": "Acknowledge", "METRICS_ALLOW": "admins",
                "MAX_OPEN_BYTES": "2 TiB",
            ])
        )
        #expect(settings.maxUploadSize == 500 << 20)
        #expect(settings.uploadExpiry == .seconds(5400))
        #expect(settings.contractPorts)
        #expect(settings.trustedProxies == ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map { AddressRange($0) })
        #expect(settings.publicURL == "https://media.example.com")
        #expect(settings.registration == .closed)
        #expect(settings.uploadSync == .acknowledge)
        #expect(settings.metricsAllow.isEmpty)
        #expect(settings.userLimits.openBytes == 2 << 40)
    }

    @Test("a weak secret is refused in one line that says how to make one, and never shows it")
    func weakSecret() {
        let weak = "your-secure-jwt-secret-key-should-be-long-and-random"
        let lines = errors(["JWT_SECRET": weak])
        #expect(lines.count == 1)
        #expect(lines.first?.contains("openssl rand -base64 48") == true)
        #expect(lines.first?.contains(weak) == false)
    }

    @Test("names in .env that are no settings are noticed, with the name that was meant")
    func notices() {
        let reader = reader(dotEnv: "PROT=3000\nMONGO_ROOT_USERNAME=admin\nSOMETHING_ELSE=1\nPORT=3000")
        #expect(
            reader.notices == [
                ".env: MONGO_ROOT_USERNAME is not needed, and not used",
                ".env: PROT is not a setting; did you mean PORT?",
                ".env: SOMETHING_ELSE is not a setting",
            ]
        )
    }

    @Test("a .env file is read with comments, quotes and export; a line that is none is told by number alone")
    func dotEnv() {
        let file = EnvironmentFile(
            text: """
                # comment
                export A=1
                B = "two words # not a comment" # comment
                C='x'
                D=a#b # comment
                E=
                hunter2 is my password
                F="open
                """
        )
        #expect(file.values == ["A": "1", "B": "two words # not a comment", "C": "x", "D": "a#b", "E": ""])
        #expect(file.errors == [".env, line 7: expected NAME=value", ".env, line 8: expected NAME=value"])
    }

    @Test("a .env file that was written on Windows is read the same")
    func dotEnvOfWindows() {
        let file = EnvironmentFile(text: "# comment\r\nPORT=8080\r\n\r\nHOST=\"::1\"\r\nnonsense\r\n")
        #expect(file.values == ["PORT": "8080", "HOST": "::1"])
        #expect(file.errors == [".env, line 5: expected NAME=value"])
    }

    @Test("docs/settings.md is what `telecine settings --markdown` prints")
    func documentation() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let committed = try String(contentsOf: root.appendingPathComponent("docs/settings.md"), encoding: .utf8)
        #expect(committed == SettingsMarkdown.text, "make it again: telecine settings --markdown > docs/settings.md")
    }
}
