internal import Foundation

let code = await Tool(
    commands: Verbs.all,
    console: .standard,
    environment: ProcessInfo.processInfo.environment,
    folder: FileManager.default.currentDirectoryPath
).run(Array(CommandLine.arguments.dropFirst()))
StandardError.flush()
exit(code.rawValue)
