package import Core
package import ObjectStorage

/// Where an asset's objects stand (DESIGN 6).
package enum AssetKeys {
    package static func prefix(_ asset: AssetID) -> String { "assets/\(asset)/" }

    /// All of one version.
    package static func prefix(_ asset: AssetID, version: Int) -> String { "assets/\(asset)/v\(version)/" }

    package static func original(_ asset: AssetID, version: Int) throws -> ObjectKey {
        try ObjectKey("assets/\(asset)/v\(version)/original")
    }

    package static func poster(_ asset: AssetID, version: Int) throws -> ObjectKey {
        try ObjectKey("assets/\(asset)/v\(version)/poster.jpg")
    }

    /// A file of a rendition: `init.mp4`, `12.m4s`.
    package static func file(_ asset: AssetID, version: Int, rendition: String, name: String) throws -> ObjectKey {
        try ObjectKey("assets/\(asset)/v\(version)/\(rendition)/\(name)")
    }

    /// The progressive MP4 of a rung, made on request.
    package static func mp4(_ asset: AssetID, version: Int, rendition: String) throws -> ObjectKey {
        try ObjectKey("assets/\(asset)/v\(version)/\(rendition).mp4")
    }
}
