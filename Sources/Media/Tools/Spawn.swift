#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Starts a child with posix_spawn; returns its id and the reading ends of its output and error pipes.
enum Spawn {
    struct Started {
        let pid: pid_t
        let output: Int32
        let error: Int32
    }

    /// `input`: what it reads as standard input; nil for nothing.
    static func start(
        _ executable: String,
        _ arguments: [String],
        environment: [String],
        input: Int32? = nil
    ) throws -> Started {
        let output = try closeOnExecPipe(executable)
        let error: (read: Int32, write: Int32)
        do {
            error = try closeOnExecPipe(executable)
        } catch {
            close(output.read)
            close(output.write)
            throw error
        }
        var pid: pid_t = 0
        let code = spawn(
            &pid,
            executable,
            arguments,
            environment: environment,
            input: input,
            output: output.write,
            error: error.write
        )
        close(output.write)
        close(error.write)
        guard code == 0 else {
            close(output.read)
            close(error.read)
            throw ChildProcess.Failure.notStarted(executable: executable, errno: code)
        }
        return Started(pid: pid, output: output.read, error: error.read)
    }

    private static func closeOnExecPipe(_ executable: String) throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcess.Failure.notStarted(executable: executable, errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ pid: inout pid_t,
        _ executable: String,
        _ arguments: [String],
        environment: [String],
        input: Int32?,
        output: Int32,
        error: Int32
    ) -> Int32 {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, error, 2)
        configure(&attributes)
        #if canImport(Glibc)
            closeFromThree?(&actions, 3)
        #endif
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        return posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
    }

    #if canImport(Glibc)
        private typealias Attributes = posix_spawnattr_t
    #else
        private typealias Attributes = posix_spawnattr_t?
    #endif

    /// Its own group, default dispositions and an empty signal mask, whatever the server does with signals.
    private static func configure(_ attributes: inout Attributes) {
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGXCPU, SIGXFSZ] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        #if canImport(Glibc)
            posix_spawnattr_setflags(&attributes, Int16(flags))
        #else
            posix_spawnattr_setflags(&attributes, Int16(flags | Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)))
        #endif
    }

    #if canImport(Glibc)
        private typealias CloseFrom =
            @convention(c) (
                UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32
            ) -> Int32

        /// glibc 2.34's `posix_spawn_file_actions_addclosefrom_np`, which Swift's module map hides: without it a
        /// descriptor that somebody opened without O_CLOEXEC (a socket, the database) would reach the child.
        private static var closeFromThree: ((UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Void)? {
            guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return nil }
            let function = unsafeBitCast(symbol, to: CloseFrom.self)
            return { _ = function($0, $1) }
        }
    #endif
}
