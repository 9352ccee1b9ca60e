package import Core
internal import Crypto
internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The installation's secret: it signs access tokens, and other keys are derived from it.
package struct TokenSecret: Sendable {
    private let bytes: [UInt8]

    /// The configured secret, or the one of the data folder, which is made at first start.
    ///
    /// - Parameters:
    ///   - configured: the text of `JWT_SECRET`, when it is set.
    ///   - dataDir: the folder of `jwt-secret`; it exists.
    /// - Throws: `ServiceError` in one line for a weak secret, or when the file can be neither read nor made.
    package init(configured: String?, dataDir: String) throws(ServiceError) {
        if let configured {
            guard SecretStrength.isEnough(configured) else {
                throw ServiceError(.invalidRequest, "JWT_SECRET is too weak: expected \(SecretStrength.requirement)")
            }
            bytes = Array(configured.utf8)
            return
        }
        let path = Self.path(dataDir: dataDir)
        if let kept = try Self.read(path) {
            bytes = kept
            return
        }
        try Self.make(path)
        guard let made = try Self.read(path) else {
            throw ServiceError(.internalFailure, "\(path) was made and is gone again.")
        }
        bytes = made
    }

    /// Where the secret of a data folder is.
    package static func path(dataDir: String) -> String { dataDir + "/jwt-secret" }

    /// The keys of access tokens.
    ///
    /// - Throws: `ServiceError` for a secret that is too short to sign.
    func tokenKeys() throws(ServiceError) -> JWTKeys {
        do {
            return JWTKeys(current: try JWTKey(secret: bytes))
        } catch {
            throw ServiceError(.invalidRequest, "JWT_SECRET is too weak: expected \(SecretStrength.requirement)")
        }
    }

    /// A key of 32 bytes for another purpose; none of them tells anything about another.
    package func key(for purpose: String) -> [UInt8] {
        HMAC.sha256(key: bytes, message: Array("telecine \(purpose)".utf8))
    }

    private static func read(_ path: String) throws(ServiceError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw ServiceError(.internalFailure, "\(path) cannot be read: \(error.localizedDescription)")
        }
        guard SecretStrength.isEnough(text) else {
            throw ServiceError(
                .internalFailure,
                "\(path) is too weak: remove it to have one made, or put \(SecretStrength.requirement)"
            )
        }
        return Array(text.utf8)
    }

    /// Written aside and linked, so that of two processes that start at once both read the same, whole secret.
    private static func make(_ path: String) throws(ServiceError) {
        let aside = "\(path).\(Hex.encode(SecureRandom.bytes(8)))"
        let text = Array((Base64.encodeURLSafe(SecureRandom.bytes(48)) + "\n").utf8)
        defer { unlink(aside) }
        guard write(text, to: aside), link(aside, path) == 0 || errno == EEXIST else {
            throw ServiceError(.internalFailure, "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        let isWritten = bytes.withUnsafeBytes { systemWrite(file, $0) } && fsync(file) == 0
        return close(file) == 0 && isWritten
    }

    private static func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count) == bytes.count
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count) == bytes.count
        #endif
    }
}
