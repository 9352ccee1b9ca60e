internal import Core
internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What every Prometheus client tells of its process, by the names that dashboards expect.
struct ProcessMetrics: Sendable {
    private let cpu: Counter
    private let memory: Gauge
    private let descriptors: Gauge

    init(_ metrics: Metrics) {
        cpu = metrics.counter("process_cpu_seconds_total", "User and system CPU time of this process, in seconds.")
        memory = metrics.gauge("process_resident_memory_bytes", "Resident memory of this process, in bytes.")
        descriptors = metrics.gauge("process_open_fds", "Open file descriptors.")
        metrics.gauge("process_start_time_seconds", "When this process began, in seconds since 1970.")
            .set(Double(Timestamp.now.microseconds) / 1_000_000)
        metrics.gauge("process_max_fds", "The most file descriptors that may be open.").set(Self.descriptorLimit)
    }

    /// A few reads of what the kernel holds in memory: no disk is waited for.
    func measure() {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        cpu.record(total: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime))
        #if os(Linux)
            if let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
                let pages = status.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            {
                memory.set(pages * Double(sysconf(Int32(_SC_PAGESIZE))))
            }
            if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                descriptors.set(Double(names.count))
            }
        #endif
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }

    private static var descriptorLimit: Double {
        var limit = rlimit()
        #if canImport(Glibc)
            let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let result = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return result == 0 ? Double(limit.rlim_cur) : 0
    }
}
