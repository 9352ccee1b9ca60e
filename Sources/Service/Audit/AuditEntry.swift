package import Core
internal import SQL

/// Who does something that only some may do.
package struct AuditActor: Hashable, Sendable {
    /// Nil for whoever is no account of this service.
    package let user: UserID?
    /// The mail address at the time, or words for who has none.
    package let name: String
    /// Where the request came from; nil on the machine itself.
    package let address: String?

    package init(user: UserID?, name: String, address: String?) {
        self.user = user
        self.name = name
        self.address = address
    }

    /// Whoever has a shell with access to the data folder.
    package static let commandLine = AuditActor(user: nil, name: "command line", address: nil)
    /// The service by itself, at its start.
    package static let service = AuditActor(user: nil, name: "service", address: nil)
}

/// One administrative act.
package struct AuditEntry: Sendable {
    /// What can be done; the raw value is stored and public.
    package enum Act: String, CaseIterable, Sendable, SQLConvertible {
        case addUser = "user.add"
        case changePassword = "user.password"
        case disableUser = "user.disable"
        case enableUser = "user.enable"
        /// A session of somebody else's account, opened without its password.
        case openSession = "user.session"
        case invite = "invitation.make"
        case makeAdminLink = "invitation.admin"
        case deleteMedium = "media.delete"
        case publishMedium = "media.publish"
        case unpublishMedium = "media.unpublish"
        case reprocessMedium = "media.reprocess"
        case retryJob = "jobs.retry"
        case forgetJob = "jobs.forget"
    }

    package enum Outcome: String, Sendable, SQLConvertible {
        case done, failed
    }

    /// What is to be written: never a secret.
    package struct Draft: Sendable {
        package let act: Act
        package let object: String
        package let detail: String
        package let outcome: Outcome

        /// - Parameters:
        ///   - act: what was done.
        ///   - object: to what: `user_3`, `asset_12`, `job_9`.
        ///   - detail: what else one must know, such as the words of a failure; cut to 500 characters.
        ///   - outcome: whether it was done.
        package init(_ act: Act, _ object: String, detail: String = "", outcome: Outcome = .done) {
            self.act = act
            self.object = object
            self.detail = String(detail.prefix(500))
            self.outcome = outcome
        }
    }

    /// Grows with time.
    package let id: Int64
    package let at: Timestamp
    package let actor: AuditActor
    /// As it was stored: a word of another version is shown, too.
    package let act: String
    package let object: String
    package let detail: String
    package let outcome: String
    /// What the request is called in the log.
    package let requestID: String?

    static let columns: Query = """
        id, at, actor_id, actor_name, address, act, object, detail, outcome, request_id
        """

    init(row: Row) throws {
        id = try row.get("id")
        at = try row.get("at")
        actor = AuditActor(
            user: try row.get("actor_id"),
            name: try row.get("actor_name"),
            address: try row.get("address")
        )
        act = try row.get("act")
        object = try row.get("object")
        detail = try row.get("detail")
        outcome = try row.get("outcome")
        requestID = try row.get("request_id")
    }
}
