internal import Core
internal import HTTPClient

/// `telecine health`: for container engines and service managers, which ask by a command.
enum AskHealth {
    static let command = Command(
        name: "health",
        summary: "Ask the service on this machine whether it is well; the exit code is the answer.",
        options: [
            ServiceChoice.option, Command.Option(SettingsTable.port), Command.Option(SettingsTable.host),
        ].compactMap(\.self),
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let port = try ServiceChoice.named(in: invocation.arguments).port(invocation, settings)
        let host = settings.host == "0.0.0.0" ? "127.0.0.1" : settings.host
        let place = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/health"
        var configuration = HTTPClient.Configuration()
        configuration.allowsPrivateAddresses = true
        configuration.totalTimeout = .seconds(8)
        let answer: (status: Int, headers: [HeaderField], body: [UInt8])
        do {
            answer = try await HTTPClient(configuration).fetch(OutgoingRequest("GET", place), upTo: 64 << 10)
        } catch let error as HTTPClientError {
            throw Failure("\(place): \(error)")
        }
        invocation.console.print(String(decoding: answer.body, as: UTF8.self))
        return answer.status == 200 ? .done : .failed
    }
}
