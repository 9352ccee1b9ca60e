// swift-tools-version: 6.3
import PackageDescription

// `make fuzz` alone sets it: the path of libFuzzer's runtime. Then everything is instrumented, and one program more
// is made of Fuzz/.
let fuzzer = Context.environment["TELECINE_FUZZER"]

// DESIGN: arrows are the only imports allowed; `make lint` (scripts/check-imports) holds them.
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (fuzzer == nil ? [] : [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])])

func library(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = [],
    resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "telecine",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .executable(name: "telecine", targets: ["telecine"]),
        .library(name: "TelecineClient", targets: ["TelecineClient"]),
    ],
    targets: [
        // C libraries, from Debian's or Homebrew's packages.
        .systemLibrary(
            name: "CMicroHTTP",
            pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"]), .brew(["libmicrohttpd"])]
        ),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .systemLibrary(
            name: "CArgon2",
            pkgConfig: "libargon2",
            providers: [.apt(["libargon2-dev"]), .brew(["argon2"])]
        ),
        .systemLibrary(
            name: "CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]
        ),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        // Not linked: opened by the one process that needs it (docs/decisions/0006).
        .target(name: "CVips"),

        // Floor 0
        library("Core", []),
        library("Crypto", ["COpenSSL", "CArgon2"]),
        library("HTTPClient", ["CCurl"]),
        // Floor 1
        library("HTTP", ["Core", "CMicroHTTP", "CZlib"]),
        library("SQL", ["Core", "CSQLite", "Crypto"]),
        library("ObjectStorage", ["Core", "Crypto"]),
        library("Media", ["Core", "CVips"]),
        // Floor 2
        library(
            "Service",
            ["Core", "Crypto", "SQL", "ObjectStorage", "Media", "HTTPClient"],
            exclude: [
                "Accounts", "Audio", "Audit", "Captions", "Catalog", "Delivery", "Early", "Images", "Ingest", "Insight",
                "Jobs", "Processing", "Sharing", "Status", "Surroundings", "Upkeep", "YouTube",
            ].map { "\($0)/README.md" }
        ),
        // Floor 3
        library(
            "API",
            ["Core", "Crypto", "HTTP", "HTTPClient", "Service"],
            exclude: ["MediaHandling", "MediaManagement", "Resumable", "Tus"].map { "Dialects/\($0)/README.md" }
                + ["Administration/README.md", "Gateway/README.md"],
            resources: [.copy("OpenAPI"), .copy("Pages")]
        ),
        library("TelecineClient", ["Core"]),
        // Floor 4
        .executableTarget(
            name: "telecine",
            dependencies: [
                "Core", "Crypto", "HTTP", "HTTPClient", "SQL", "ObjectStorage", "Media", "Service", "API",
                "TelecineClient",
            ],
            swiftSettings: settings
        ),

        tests("CoreTests", ["Core"]),
        tests("CryptoTests", ["Crypto"]),
        tests("HTTPTests", ["HTTP", "Core"]),
        tests("HTTPClientTests", ["HTTPClient", "HTTP", "Core"]),
        tests("SQLTests", ["SQL", "Core", "Media"]),
        tests("ObjectStorageTests", ["ObjectStorage", "Core"]),
        tests("MediaTests", ["Media", "Core"]),
        tests("ServiceTests", ["Service", "Core", "SQL", "ObjectStorage", "Crypto", "Media"]),
        tests("CommandTests", ["telecine", "API", "Core", "Media", "SQL", "Service", "TelecineClient"]),
        tests(
            "APITests",
            ["API", "Core", "Crypto", "HTTP", "HTTPClient", "ObjectStorage", "SQL", "Service", "TelecineClient"]
        ),
    ]
)

let fuzzed: [Target.Dependency] = ["Core", "Crypto", "HTTP", "Media", "Service", "API"]
if let fuzzer {
    package.targets.append(
        .executableTarget(
            name: "telecine-fuzz",
            dependencies: fuzzed,
            path: "Fuzz",
            exclude: ["README.md", "seeds.py", "FuzzTests.swift"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags([fuzzer]), .linkedLibrary("stdc++"), .linkedLibrary("m")]
        )
    )
} else {
    // The same parsers on a few inputs: what nobody compiles goes bad.
    package.targets.append(
        .testTarget(
            name: "FuzzTests",
            dependencies: fuzzed,
            path: "Fuzz",
            exclude: ["README.md", "seeds.py", "main.swift"],
            swiftSettings: settings
        )
    )
}
