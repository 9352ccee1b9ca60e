/// Whether a secret that signs tokens can be guessed.
package enum SecretStrength {
    /// 256 bits, the size of HS256's hash (RFC 7518 section 3.2).
    package static let fewestBytes = 32
    /// Fewer different characters mean a repeated word or a run of one key.
    static let fewestCharacters = 10

    /// What a secret must be, and how to make one: one line.
    package static let requirement =
        "a random secret of at least \(fewestBytes) characters; make one with: openssl rand -base64 48"

    /// Whether the secret may be used: long, varied, and none of those that stand in documentation.
    package static func isEnough(_ secret: String) -> Bool {
        let letters = secret.lowercased().filter { $0.isLetter || $0.isNumber }
        guard secret.utf8.count >= fewestBytes, Set(secret).count >= fewestCharacters else { return false }
        guard !isRepeated(Array(secret.utf8)) else { return false }
        return !published.contains { letters.contains($0) }
    }

    /// One short piece over and over: `abcdefghij` four times.
    private static func isRepeated(_ bytes: [UInt8]) -> Bool {
        (1...16).contains { period in
            bytes.indices.dropFirst(period).allSatisfy { bytes[$0] == bytes[$0 - period] }
        }
    }

    /// Words of examples, in letters and digits alone; no random secret holds one by accident.
    private static let published = [
        "yoursecure", "yoursecret", "yourjwt", "shouldbelong", "longandrandom", "secretkey", "jwtsecret", "mysecret",
        "supersecret", "topsecret", "changeme", "changethis", "replaceme", "replacethis", "password", "mediaservice",
        "securerandomstring", "example", "placeholder", "1234567890", "abcdefghij", "qwertyuiop", "deadbeef",
    ]
}
