internal import Service

/// Contract 2's limits, and its clean-up.
extension SettingsTable {
    static let maxImageSizeHandled = handled("MEDIA_IMAGE_SIZE_MB", "10", "picture")
    static let maxVideoSizeHandled = handled("MEDIA_VIDEO_SIZE_MB", "100", "video")
    static let maxSoundSizeHandled = handled("MEDIA_AUDIO_SIZE_MB", "20", "sound")

    static var handlingLimits: [FileContent.Kind: Setting<Int>] {
        [.image: maxImageSizeHandled, .video: maxVideoSizeHandled, .audio: maxSoundSizeHandled]
    }

    private static func handled(_ name: String, _ standard: String, _ what: String) -> Setting<Int> {
        Setting(
            name,
            .uploads,
            .integer(1...(16 << 20)),
            standard: standard,
            help: "The largest \(what) in MiB that `/api/media/upload/` accepts."
        )
    }

    static let keepFailed = Setting(
        "KEEP_FAILED",
        .uploads,
        .duration(.seconds(3600)...(.seconds(86_400 * 366))),
        standard: "7d",
        help: "How long uploads and media that failed are kept, with their reasons."
    )

    static let trashDays = Setting(
        "TRASH_DAYS",
        .uploads,
        .integer(0...3650),
        standard: "30",
        help: "Days for which what was deleted can be restored; its files keep their room until then. "
            + "0 deletes for good at once."
    )

    static let cleanupTime = Setting(
        "CLEANUP_TIME",
        .uploads,
        .timeOfDay,
        standard: "02:00",
        help: "When, in local time, uploads and media that failed or expired are removed every day, and what was in "
            + "the trash for its time."
    )
}
