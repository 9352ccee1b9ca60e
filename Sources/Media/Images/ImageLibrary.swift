/// The library that pictures are decoded with.
package enum ImageLibrary {
    /// Such as `8.14.1`; nil when there is none that can be used.
    ///
    /// Opens it in this process.
    package static var version: String? { VipsPicture.version }
}
