/// What those may read who are not signed in (contracts/README.md, "Accounts").
package enum AnonymousAccess: String, Sendable, CaseIterable {
    /// Nothing.
    case nothing = "none"
    /// The media that are public: what they are, and the links to play them.
    case publicMedia = "public"
}
