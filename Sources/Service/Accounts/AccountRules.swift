internal import Core
internal import Foundation

/// What addresses, names and passwords look like.
enum AccountRules {
    /// RFC 5321 section 4.5.3.1.3, without the angle brackets.
    static let longestEmail = 254
    static let longestUsername = 64
    /// NIST SP 800-63B: at least 8, and long ones are welcome; the bound keeps hashing cheap.
    static let passwordBytes = 8...1024

    /// The form under which an address or name is unique.
    static func key(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespaces).precomposedStringWithCompatibilityMapping.lowercased()
    }

    /// - Throws: `ServiceError` naming the field.
    static func checkedEmail(_ text: String) throws(ServiceError) -> String {
        let email = text.trimmingCharacters(in: .whitespaces)
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = email.unicodeScalars.allSatisfy {
            !$0.properties.isWhitespace && $0.properties.generalCategory != .control
                && $0.properties.generalCategory != .format
        }
        guard email.utf8.count <= longestEmail, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), isPlain,
            !email.contains(where: { "<>()[],;:\\\"".contains($0) })
        else { throw ServiceError(.invalidRequest, "That is not a mail address.", field: "email") }
        return email
    }

    /// - Throws: `ServiceError` naming the field.
    static func checkedUsername(_ text: String) throws(ServiceError) -> String {
        let name = text.trimmingCharacters(in: .whitespaces)
        guard (1...longestUsername).contains(name.utf8.count), name.unicodeScalars.allSatisfy(isOfName) else {
            throw ServiceError(
                .invalidRequest,
                "A username has up to \(longestUsername) letters, digits, dots, dashes and underscores.",
                field: "username"
            )
        }
        return name
    }

    /// - Throws: `ServiceError` naming the field.
    static func checkPassword(_ password: String, field: String = "password") throws(ServiceError) {
        guard password.utf8.count >= passwordBytes.lowerBound else {
            throw ServiceError(
                .invalidRequest,
                "A password has at least \(passwordBytes.lowerBound) characters.",
                field: field
            )
        }
        guard password.utf8.count <= passwordBytes.upperBound else {
            throw ServiceError(.invalidRequest, "That password is too long.", field: field)
        }
    }

    /// A name made from an address: `ann.lee@example.com` becomes `ann.lee`.
    static func username(from email: String) -> String {
        var name = ""
        for scalar in (email.split(separator: "@").first ?? "").unicodeScalars where isOfName(scalar) {
            // Room is left for the number that makes it unique.
            guard name.utf8.count + scalar.utf8.count <= longestUsername - 12 else { break }
            name.unicodeScalars.append(scalar)
        }
        return name.isEmpty ? "user" : name
    }

    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
            || "._-".unicodeScalars.contains(scalar)
    }
}
