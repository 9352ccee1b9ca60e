internal import Core
internal import Foundation
internal import Service
internal import TelecineClient

/// How `upload` and `assets` reach a service and who they are there.
enum ServiceConnection {
    /// Their common options.
    static let options =
        [Command.Option(SettingsTable.clientURL), Command.Option(SettingsTable.clientEmail)].compactMap(\.self) + [
            Command.Option(
                "--as",
                value: "EMAIL",
                help: "Be this account without a password: for whoever can read the service's data folder."
            ),
            Command.Option("--data", value: "DATA_DIR", help: "The data folder, for --as."),
            Command.Option("--port", value: "PORT", help: "The port of a service on this machine."),
        ]

    static let discussion = """
        Who you are: TELECINE_TOKEN, or --email with TELECINE_PASSWORD (asked for on a terminal),
        or --as on the service's own machine.
        """

    /// A client that is signed in.
    ///
    /// - Throws: `TelecineError` when the service refuses, `Failure` when nobody says who is asking.
    static func open(_ invocation: Invocation) async throws -> Telecine {
        let settings = try invocation.settings()
        let address = settings.client.url ?? "http://localhost:\(settings.port)"
        guard let url = URL(string: address) else { throw Failure("\(address) is not an address") }
        let session = try await session(invocation, settings, url)
        // One call that is not repeated: a wrong address or token is told at once, not after a minute of patience.
        let trial = Telecine(baseURL: url, token: session.token, backoff: Backoff(attempts: 1))
        _ = try await trial.me()
        return Telecine(baseURL: url, token: session.token, refreshToken: session.refreshToken)
    }

    private static func session(
        _ invocation: Invocation,
        _ settings: Settings,
        _ url: URL
    ) async throws -> (token: String, refreshToken: String?) {
        let options = invocation.arguments.values
        if let email = options["--as"] {
            let session = try await session(of: email, settings)
            return (session.token, session.refreshToken)
        }
        // An address on the command line is meant more than a token in the environment.
        if let email = settings.client.email, options["--email"] != nil || settings.client.token == nil {
            guard let password = settings.client.password ?? invocation.console.readSecret("Password for \(email): ")
            else { throw Failure("no password: set TELECINE_PASSWORD, or give one line on standard input") }
            let session = try await Telecine(baseURL: url).login(email: email, password: password)
            return (session.token, session.refreshToken)
        }
        guard let token = settings.client.token else {
            throw Failure("who are you? Set TELECINE_TOKEN, or give --email, or --as on the service's machine")
        }
        return (token, nil)
    }

    private static func session(of email: String, _ settings: Settings) async throws -> Session {
        try await DataFolder.withAccounts(settings) { accounts in
            let user = try await accounts.user(email: email)
            return try await accounts.open(user, by: .commandLine).session
        }
    }
}
