#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How many files and connections the process may have open.
enum OpenFiles {
    /// An upload has two, its connection and its file; shells give 1024 by default, which the system lets us raise.
    private static let wanted: rlim_t = 65_536

    /// As far as the system allows, which is told by nobody when it is less: connections are limited anyway.
    static func raiseLimit() {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(limit.rlim_max, wanted)
        setrlimit(resource, &limit)
    }
}
