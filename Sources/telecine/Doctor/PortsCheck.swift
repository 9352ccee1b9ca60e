internal import Core
internal import Foundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether the ports can be listened on, or our own service does already.
enum PortsCheck {
    private static let contractPorts = [3001, 3002, 3003, 3006, 8000]

    static func findings(_ settings: Settings) async -> [Finding] {
        var findings: [Finding] = []
        if settings.port != 0, let reason = refusal(settings.port) {
            if await isOurs(settings.port) {
                findings.append(Finding("PORT", .good, "a telecine answers on \(settings.port)"))
            } else {
                findings.append(
                    Finding(
                        "PORT",
                        .wrong,
                        "\(settings.port): \(reason)",
                        remedy: "stop what uses it ('ss -ltnp' names it), or set another PORT"
                    )
                )
            }
        }
        guard settings.contractPorts else { return findings }
        for port in contractPorts where port != settings.port {
            guard let reason = refusal(port), await !isOurs(port) else { continue }
            findings.append(
                Finding("CONTRACT_PORTS", .warning, "\(port): \(reason)", remedy: "only its contract's clients miss it")
            )
        }
        return findings
    }

    /// Why the port cannot be listened on; nil when it can.
    static func refusal(_ port: Int) -> String? {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, kind, 0)
        guard socket >= 0 else { return String(cString: strerror(errno)) }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? listen(socket, 1) : -1
            }
        }
        return result == 0 ? nil : String(cString: strerror(errno))
    }

    /// Whether what answers there refuses strangers in our own words.
    private static func isOurs(_ port: Int) async -> Bool {
        guard let url = URL(string: "http://127.0.0.1:\(port)/api/auth/me") else { return false }
        let answer = try? await URLSession.shared.data(for: URLRequest(url: url, timeoutInterval: 3))
        guard let (body, response) = answer, (response as? HTTPURLResponse)?.statusCode == 401 else { return false }
        let problem = try? JSONDecoder().decode(Problem.self, from: body)  // Something else answers anything.
        return problem?.code == ServiceError.Code.unauthenticated.rawValue
    }
}
