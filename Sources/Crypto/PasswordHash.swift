internal import CArgon2
internal import Foundation

/// Passwords as they are kept: Argon2id (RFC 9106) in PHC's text form, which carries its parameters and salt.
///
/// In a synchronous context each call computes for some 30 ms on the thread it is on. In an asynchronous one the
/// compiler takes the variants of `PasswordHash+Queue.swift`, which do not hold Swift's own threads.
package enum PasswordHash {
    /// Why a password could be neither hashed nor compared.
    package enum Failure: Error, Hashable, Sendable {
        /// The stored text is no Argon2id hash, or asks for more than this service spends.
        case unreadable
        /// No memory for the computation.
        case outOfMemory
        /// Too many passwords wait already.
        case overloaded
    }

    /// OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
    private static let memory: UInt32 = 19_456
    private static let passes: UInt32 = 2
    private static let lanes: UInt32 = 1
    private static let saltLength = 16
    private static let hashLength = 32

    /// Verified against when there is no account, so that the answer takes as long as for a wrong password.
    private static let nobody =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1vdGhlci1zYWx0cw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    /// A new hash with a salt of its own.
    package static func hash(_ password: String) throws(Failure) -> String {
        let password = normalized(password)
        let salt = SecureRandom.bytes(saltLength)
        let length = argon2_encodedlen(passes, memory, lanes, UInt32(saltLength), UInt32(hashLength), Argon2_id)
        var text = [CChar](repeating: 0, count: length)
        let code = argon2id_hash_encoded(
            passes,
            memory,
            lanes,
            password,
            password.count,
            salt,
            salt.count,
            hashLength,
            &text,
            text.count
        )
        guard code == ARGON2_OK.rawValue else { throw Failure(code: code) }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether `password` is the one that was hashed; takes as long when `hash` is nil, and is false then.
    package static func verify(_ password: String, against hash: String?) throws(Failure) -> Bool {
        let text = hash ?? nobody
        guard let parameters = Parameters(text), parameters.isAffordable else { throw .unreadable }
        let password = normalized(password)
        let code = argon2id_verify(text, password, password.count)
        switch code {
        case ARGON2_OK.rawValue: return hash != nil
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        default: throw Failure(code: code)
        }
    }

    /// Whether a hash was made with less than today's parameters: then hash again at the next good sign-in.
    package static func needsRehash(_ hash: String) -> Bool {
        guard let parameters = Parameters(hash) else { return true }
        return parameters.memory < memory || parameters.passes < passes || parameters.lanes < lanes
    }

    /// One keyboard sends `é` as one scalar, another as two: both are the same password.
    private static func normalized(_ password: String) -> [UInt8] {
        Array(password.precomposedStringWithCanonicalMapping.utf8)
    }
}

extension PasswordHash.Failure {
    fileprivate init(code: Int32) {
        self = code == ARGON2_MEMORY_ALLOCATION_ERROR.rawValue ? .outOfMemory : .unreadable
    }
}

/// The numbers in `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
private struct Parameters {
    let memory: UInt32
    let passes: UInt32
    let lanes: UInt32

    init?(_ hash: String) {
        let parts = hash.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "", parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
        let numbers = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = Self.number(numbers[0], "m="),
            let passes = Self.number(numbers[1], "t="), let lanes = Self.number(numbers[2], "p=")
        else { return nil }
        (self.memory, self.passes, self.lanes) = (memory, passes, lanes)
    }

    /// Imported hashes may be stronger than ours, but not so that one sign-in stops the machine: 256 MiB.
    var isAffordable: Bool { memory <= 262_144 && passes <= 16 && lanes <= 16 }

    private static func number(_ text: Substring, _ name: String) -> UInt32? {
        text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
    }
}
