/// Every verb, in the order of `telecine --help`.
enum Verbs {
    static let all: [Command] =
        [Serve.command, Work.command, Migrate.command, Sweep.command, Upload.command] + Assets.commands + Users.commands
        + [ShowSettings.command, Doctor.command, AskHealth.command, DecodeImages.command]
}
