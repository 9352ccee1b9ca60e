internal import COpenSSL

/// Keyed hashes (RFC 2104).
package enum HMAC {
    /// HMAC-SHA-256: 32 bytes.
    package static func sha256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        let done = COpenSSL.HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
        precondition(done != nil, "OpenSSL refused an HMAC")
        return code
    }
}

/// Comparison whose time tells nothing about where two secrets differ.
package enum ConstantTime {
    /// Whether two byte strings are equal.
    ///
    /// Their lengths are no secret.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}

/// Randomness for keys, tokens and identifiers.
package enum SecureRandom {
    /// Bytes that nobody can predict, from OpenSSL's generator, which the kernel seeds.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // No service goes on without randomness: a predictable token is worse than none.
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { fatalError("OpenSSL has no randomness") }
        return bytes
    }
}
