package import SQL

/// What is, or is to be, on YouTube.
package enum YouTubeSchema {
    /// `details`: what was asked for, as JSON; `session`: where YouTube takes the bytes, as good as a password;
    /// `privacy`: in YouTube's words, once the video is there.
    package static let migration = Migration(
        24,
        "youtube",
        [
            """
            CREATE TABLE youtube_videos (
                asset_id BIGINT PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
                edition BIGINT NOT NULL,
                state TEXT NOT NULL,
                details TEXT NOT NULL,
                session TEXT,
                sent BIGINT NOT NULL DEFAULT 0,
                size BIGINT NOT NULL,
                youtube_id TEXT,
                privacy TEXT,
                reason TEXT,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """
        ]
    )
}
