internal import Core
internal import Foundation
internal import Service

/// `telecine user …`: works on the data folder directly, whether the service runs or not.
enum Users {
    private static let data = [Command.Option(SettingsTable.dataDir)].compactMap(\.self)
    private static let email = Command.Operand(name: "EMAIL", help: "The account's mail address.")
    private static let password =
        "The password is asked for on a terminal; otherwise it is the first line of standard input."

    static let commands = [
        Command(
            name: "user add",
            summary: "Make an account.",
            discussion: password,
            operands: [email],
            options: data + [
                Command.Option("--username", value: "NAME", help: "The public name; made from the address otherwise."),
                Command.Option("--admin", help: "An administrator."),
            ],
            printsJSON: true,
            run: add
        ),
        Command(name: "user list", summary: "List the accounts.", options: data, printsJSON: true, run: list),
        Command(
            name: "user passwd",
            summary: "Change a password and sign the account out everywhere.",
            discussion: password,
            operands: [email],
            options: data,
            printsJSON: true,
            run: changePassword
        ),
        Command(
            name: "user disable",
            summary: "Shut an account out at once; its media stay.",
            operands: [email],
            options: data,
            printsJSON: true,
            run: { try await setDisabled($0, true) }
        ),
        Command(
            name: "user enable",
            summary: "Let a disabled account in again.",
            operands: [email],
            options: data,
            printsJSON: true,
            run: { try await setDisabled($0, false) }
        ),
        Command(
            name: "user invite",
            summary: "Make a code that lets one person register (REGISTRATION=invite).",
            options: data + [Command.Option("--days", value: "N", help: "Days it is valid, 1 to 90. Default: 7.")],
            printsJSON: true,
            run: invite
        ),
        Command(
            name: "user admin-link",
            summary: "Make a one-time link that makes an administrator.",
            discussion: "It is valid for a day and replaces earlier ones.",
            options: [
                Command.Option(SettingsTable.dataDir), Command.Option(SettingsTable.port),
                Command.Option(SettingsTable.publicURL),
            ].compactMap(\.self),
            printsJSON: true,
            run: adminLink
        ),
    ]

    private struct Account: Encodable {
        let id: Int64
        let email: String
        let username: String
        let role: UserRole
        let disabled: Bool
        let createdAt: String

        init(_ user: Service.Account) {
            id = user.id.rawValue
            email = user.email
            username = user.username
            role = user.role
            disabled = user.disabledAt != nil
            createdAt = user.createdAt.iso8601WithMilliseconds
        }

        var line: String {
            "\(id)  \(email)  \(username)  \(role.rawValue)\(disabled ? "  disabled" : "")".printable
        }
    }

    @Sendable private static func add(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let registration = Registration(
            email: invocation.arguments.operands[0],
            password: try newPassword(invocation.console),
            username: invocation.arguments.values["--username"]
        )
        let role: UserRole = invocation.arguments.switches.contains("--admin") ? .admin : .user
        let user = try await DataFolder.withAccounts(settings) { try await $0.add(registration, role: role) }
        try invocation.tell(Account(user), or: Account(user).line)
        return .done
    }

    @Sendable private static func list(_ invocation: Invocation) async throws -> ExitCode {
        let users = try await DataFolder.withAccounts(try invocation.settings()) { try await $0.users() }
        if invocation.isJSON {
            try invocation.console.print(json: users.map(Account.init))
        } else {
            for user in users { invocation.console.print(Account(user).line) }
        }
        return .done
    }

    @Sendable private static func changePassword(_ invocation: Invocation) async throws -> ExitCode {
        let email = invocation.arguments.operands[0]
        let settings = try invocation.settings()
        let password = try newPassword(invocation.console)
        let user = try await DataFolder.withAccounts(settings) { accounts in
            try await accounts.changePassword(of: email, to: password)
            return try await accounts.user(email: email)
        }
        try invocation.confirm(Account(user), "The password is changed.")
        return .done
    }

    private static func setDisabled(_ invocation: Invocation, _ isDisabled: Bool) async throws -> ExitCode {
        let email = invocation.arguments.operands[0]
        let user = try await DataFolder.withAccounts(try invocation.settings()) { accounts in
            try await accounts.setDisabled(isDisabled, email: email)
            return try await accounts.user(email: email)
        }
        try invocation.confirm(Account(user), "\(email) is \(isDisabled ? "disabled" : "enabled").".printable)
        return .done
    }

    @Sendable private static func invite(_ invocation: Invocation) async throws -> ExitCode {
        let days = try invocation.arguments.integer("--days", in: 1...90) ?? 7
        let code = try await DataFolder.withAccounts(try invocation.settings()) {
            try await $0.invite(validFor: .seconds(86_400 * days))
        }
        try invocation.tell(["code": code], or: code)
        return .done
    }

    @Sendable private static func adminLink(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let token = try await DataFolder.withAccounts(settings) { try await $0.adminToken() }
        let base = settings.publicURL ?? "http://localhost:\(settings.port)"
        let link = "\(base)/setup?token=\(token)"
        try invocation.tell(["url": link], or: link)
        return .done
    }

    private static func newPassword(_ console: Console) throws(Failure) -> String {
        guard let password = console.readSecret("New password: ") else {
            throw Failure("no password: give one line on standard input")
        }
        return password
    }
}
