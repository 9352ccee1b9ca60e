#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What stands between a hostile file and the machine (MEDIA, "Sandbox").
///
/// With bubblewrap a child sees `/usr`, one file to read and one folder to write, no network and no other process.
/// Without it, resource limits alone. Either way it dies with the thread that started it.
package struct Sandbox: Sendable {
    /// The path of `bwrap` when it is installed and works here, for root as for anybody.
    package let bubblewrap: String?
    package let prlimit: String?
    package let setpriv: String?

    /// What a child may touch.
    struct Scope {
        /// The one file it reads.
        let input: String
        /// The one folder it writes to.
        let output: String?
        let cpuSeconds: Int
    }

    /// The names under which the child sees its input and its output folder, as ffmpeg wants them.
    struct Paths {
        let input: String
        let output: String
    }

    func paths(for scope: Scope) -> Paths {
        // `file:` keeps ffmpeg from taking a colon in a name for a protocol.
        bubblewrap == nil
            ? Paths(input: "file:\(scope.input)", output: "file:\(scope.output ?? "/nonexistent")")
            : Paths(input: "file:/in/original", output: "file:/out")
    }

    /// The command line that runs `tool` within `scope`.
    func command(
        _ tool: String,
        _ arguments: [String],
        scope: Scope,
        limits: MediaLimits
    ) -> (executable: String, arguments: [String]) {
        var line: [String] = []
        if let bubblewrap {
            line += [bubblewrap] + Self.walls
            line += ["--ro-bind", scope.input, "/in/original"]
            if let output = scope.output { line += ["--bind", output, "/out", "--chdir", "/out"] }
            line += ["--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "LANG", "C.UTF-8"]
        } else if let setpriv {
            line += [setpriv, "--pdeathsig", "KILL", "--"]
        }
        if let prlimit {
            line += [prlimit] + Self.resources(limits, cpuSeconds: scope.cpuSeconds)
            // Counted per user of the machine: only meaningful inside, where nobody else lives.
            if bubblewrap != nil { line.append("--nproc=512") }
            line.append("--")
        }
        line += [tool] + arguments
        return (line[0], Array(line.dropFirst()))
    }

    /// The command line that runs a program which reads and writes through its pipes alone.
    ///
    /// `visible`: files and folders outside `/usr` that it is made of; `libraries`: where those of them are.
    func command(
        _ program: String,
        _ arguments: [String],
        visible: [String],
        libraries: [String],
        limits: MediaLimits,
        cpuSeconds: Int
    ) -> (executable: String, arguments: [String]) {
        var line: [String] = []
        if let bubblewrap {
            line += [bubblewrap] + Self.walls + visible.flatMap { ["--ro-bind", $0, $0] }
            line += ["--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "LANG", "C.UTF-8"]
            if !libraries.isEmpty { line += ["--setenv", "LD_LIBRARY_PATH", libraries.joined(separator: ":")] }
        } else if let setpriv {
            line += [setpriv, "--pdeathsig", "KILL", "--"]
        }
        if let prlimit {
            line += [prlimit] + Self.resources(limits, cpuSeconds: cpuSeconds) + ["--"]
        }
        line += [program] + arguments
        return (line[0], Array(line.dropFirst()))
    }

    private static func resources(_ limits: MediaLimits, cpuSeconds: Int) -> [String] {
        [
            "--cpu=\(cpuSeconds)", "--as=\(limits.addressSpace)", "--fsize=\(limits.fileSize)", "--nofile=64",
            "--core=0",
        ]
    }

    /// A session of its own where there is a terminal that a child could write commands to (TIOCSTI).
    ///
    /// Not elsewhere: Linux shares the processor by session first (sched_autogroup), and niceness counts only within
    /// one; a background encoder would get as much as the segment that a viewer waits for.
    private static let ownSession: [String] = {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return [] }
        close(terminal)
        return ["--new-session"]
    }()

    private static let walls =
        ownSession + [
            "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
            "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
            "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        ]

    /// Finds the programs, and tries bubblewrap once: a container may forbid it.
    static func locate(searchPath: [String], useBubblewrap: Bool) async -> Sandbox {
        var bubblewrap = useBubblewrap ? MediaTools.find("bwrap", in: searchPath) : nil
        if let candidate = bubblewrap {
            let trial = try? await ChildProcess.run(
                candidate,
                walls + ["/usr/bin/true"],
                // A machine that is only slow must not be taken for one that forbids it.
                deadline: .seconds(60)
            )
            if trial?.succeeded != true { bubblewrap = nil }
        }
        return Sandbox(
            bubblewrap: bubblewrap,
            prlimit: MediaTools.find("prlimit", in: searchPath),
            setpriv: MediaTools.find("setpriv", in: searchPath)
        )
    }
}
