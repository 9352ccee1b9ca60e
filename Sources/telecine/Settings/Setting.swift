/// One name that configures the service: declared once in `SettingsTable`, read by `Settings`.
struct Setting<Value: Sendable>: Sendable {
    let name: String
    let group: SettingGroup
    let form: SettingForm<Value>
    /// The default as it would be written; nil for none.
    let standard: String?
    /// What stands in the table when there is no default: what happens then.
    let without: String
    let help: String
    /// The option that overrides it: `--port`.
    let flag: String?
    let isSecret: Bool

    init(
        _ name: String,
        _ group: SettingGroup,
        _ form: SettingForm<Value>,
        standard: String? = nil,
        without: String = "",
        flag: String? = nil,
        isSecret: Bool = false,
        help: String
    ) {
        self.name = name
        self.group = group
        self.form = form
        self.standard = standard
        self.without = without
        self.help = help
        self.flag = flag
        self.isSecret = isSecret
    }
}

/// Where a setting stands in the documentation.
enum SettingGroup: String, CaseIterable, Sendable {
    case service = "Service"
    case accounts = "Accounts"
    case uploads = "Uploads"
    case processing = "Processing"
    case network = "Network"
    case analytics = "Analytics"
    case youTube = "YouTube"
    case logging = "Logging"
    case client = "Command line as a client"
}

/// What the values of a setting look like.
struct SettingForm<Value: Sendable>: Sendable {
    /// Completes "expected …".
    let expected: String
    /// Nil when the text is not that.
    let parse: @Sendable (String) -> Value?
}

/// A setting without its type: for tables and look-ups.
struct SettingDescription: Sendable {
    let name: String
    let group: SettingGroup
    let expected: String
    let standard: String?
    let without: String
    let help: String
    let flag: String?
    let isSecret: Bool
    /// Whether a text is a value of this setting.
    let accepts: @Sendable (String) -> Bool

    init(_ setting: Setting<some Any>) {
        name = setting.name
        group = setting.group
        expected = setting.form.expected
        standard = setting.standard
        without = setting.without
        help = setting.help
        flag = setting.flag
        isSecret = setting.isSecret
        accepts = { [parse = setting.form.parse] in parse($0) != nil }
    }
}
