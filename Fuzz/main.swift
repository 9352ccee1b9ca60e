import Foundation
import Media

// `telecine-fuzz TARGET [libFuzzer's options] [folders of inputs | one input to reproduce]`

/// libFuzzer's own loop; it returns when it is done, and ends the process when an input failed.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

guard CommandLine.argc > 1, let target = Target(rawValue: CommandLine.arguments[1]) else {
    print("usage: telecine-fuzz TARGET …; targets: \(Target.allCases.map(\.rawValue).joined(separator: " "))")
    exit(2)
}
Target.chosen = target
FuzzedStreams.tools = await MediaTools.locate(searchPath: [])
var count = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv + 1
// libFuzzer wants the program's name first.
arguments[0] = CommandLine.unsafeArgv[0]
let code = runDriver(&count, &arguments) { bytes, count in
    Target.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
exit(code)
