internal import COpenSSL

/// An incremental hash over OpenSSL's EVP; its subclasses fix the algorithm.
///
/// Not `Sendable`: one thread at a time, and nothing after `finalize()`.
package class Digest {
    private let context: OpaquePointer
    private let length: Int
    private var isFinal = false

    fileprivate init(_ algorithm: OpaquePointer?, length: Int) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            fatalError("OpenSSL cannot start a digest: out of memory, or its default provider is missing")
        }
        self.context = context
        self.length = length
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Hashes more bytes, after those of earlier calls.
    package final func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(!isFinal, "the digest was already finished")
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        let done = EVP_DigestUpdate(context, base, bytes.count)
        precondition(done == 1, "OpenSSL refused to hash")
    }

    /// Hashes more bytes, after those of earlier calls.
    package final func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes(update)
    }

    /// The hash of everything given so far.
    ///
    /// Called once; the hasher takes nothing more.
    package final func finalize() -> [UInt8] {
        precondition(!isFinal, "the digest was already finished")
        isFinal = true
        var hash = [UInt8](repeating: 0, count: length)
        let done = EVP_DigestFinal_ex(context, &hash, nil)
        precondition(done == 1, "OpenSSL refused to finish a hash")
        return hash
    }
}

/// SHA-256 (FIPS 180-4).
package final class SHA256: Digest {
    package init() { super.init(EVP_sha256(), length: 32) }

    /// The hash of bytes that are all here.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA256()
        digest.update(bytes)
        return digest.finalize()
    }
}

/// SHA-512 (FIPS 180-4).
package final class SHA512: Digest {
    package init() { super.init(EVP_sha512(), length: 64) }
}

/// SHA-1 (FIPS 180-4): only for protocols that name it, such as tus checksums; never for secrets.
package final class SHA1: Digest {
    package init() { super.init(EVP_sha1(), length: 20) }

    /// The hash of bytes that are all here.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA1()
        digest.update(bytes)
        return digest.finalize()
    }
}

/// MD5 (RFC 1321): only for protocols that name it, such as `Content-MD5`; never for secrets.
package final class MD5: Digest {
    package init() { super.init(EVP_md5(), length: 16) }

    /// The hash of bytes that are all here.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = MD5()
        digest.update(bytes)
        return digest.finalize()
    }
}
