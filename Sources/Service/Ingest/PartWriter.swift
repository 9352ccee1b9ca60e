internal import Core

/// Where the bytes of one part go while they arrive: to their place in the staged file, to a spool when their
/// number is not known yet, or nowhere when the part was acknowledged before.
package final class PartWriter: Sendable {
    enum Target: Sendable {
        case place(StagedFile, number: Int)
        case spool(StagedFile)
        case discard
    }

    let upload: UploadID
    let target: Target

    init(upload: UploadID, target: Target) {
        self.upload = upload
        self.target = target
    }

    /// Writes on the calling thread.
    ///
    /// - Throws: `ServiceError` when the part is longer than it may be or the disk refuses.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        switch target {
        case .place(let file, _), .spool(let file): try file.write(bytes)
        case .discard: break
        }
    }
}

/// What a client learns when its part is safe.
package struct PartReceipt: Sendable, Equatable {
    package let number: Int
    package let received: Int
    package let total: Int
}
