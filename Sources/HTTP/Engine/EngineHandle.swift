internal import CMicroHTTP

/// The engine's connection.
///
/// `@unchecked Sendable`: the engine's thread uses it in its callbacks; every other thread only to resume or to find
/// the descriptor, under the lock of the exchange or stream that holds it, which forgets it under the same lock when
/// the engine reports the request as completed.
struct EngineHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// On the engine's thread only.
    func suspend() { MHD_suspend_connection(pointer) }

    /// On any thread.
    func resume() { MHD_resume_connection(pointer) }

    var descriptor: Int32 { cmhd_connection_fd(pointer) }
}
