extension Profile {
    /// Contract 1's four: what a service has whose operator has not made profiles.
    ///
    /// `config/profiles` says the same.
    package static let standard = [
        Profile("1080p", 1920, 1080, video: 5_000_000, audio: 192_000, rate: 30),
        Profile("720p", 1280, 720, video: 2_500_000, audio: 128_000, rate: 30),
        Profile("480p", 854, 480, video: 1_000_000, audio: 128_000, rate: 25),
        Profile("360p", 640, 360, video: 600_000, audio: 96_000, rate: 25),
    ]

    private init(_ name: String, _ width: Int, _ height: Int, video: Int, audio: Int, rate: Int) {
        self.init(
            name: name,
            width: width,
            height: height,
            videoBitrate: video,
            audioBitrate: audio,
            preset: "medium",
            frameRate: Rational(rate)
        )
    }
}
