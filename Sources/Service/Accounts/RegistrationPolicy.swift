/// Who may make an account; administrators are never made by registration.
package enum RegistrationPolicy: String, Sendable, CaseIterable {
    /// Anybody.
    case open
    /// Whoever has an invitation.
    case invite
    /// Nobody: `telecine user add` makes them.
    case closed
}
