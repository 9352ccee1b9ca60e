import Testing

/// What must come of each video of the corpus: looked up in its manifest and streams, not in our own output.
struct Expectation: Sendable, CustomTestStringConvertible {
    let file: String
    let rate: String
    let frames: Int
    /// Seconds of the picture as the container's video stream has them.
    let duration: Double
    let rungs: [String]
    let hasAudio: Bool

    var testDescription: String { file }

    init(_ file: String, _ rate: String, _ frames: Int, _ duration: Double, _ rungs: String, audio: Bool = true) {
        self.file = file
        self.rate = rate
        self.frames = frames
        self.duration = duration
        self.rungs = rungs.split(separator: " ").map(String.init)
        hasAudio = audio
    }

    private static let full = "1080p:1920x1080 720p:1280x720 480p:854x480 360p:640x360"
    private static let hd = "720p:1280x720 480p:854x480 360p:640x360"
    private static let bear = "720p:1080x720 480p:720x480 360p:540x360"
    private static let phone = "1080p:1080x1920 720p:720x1280 480p:480x854 360p:360x640"

    static let videos: [Expectation] = [
        Expectation("v-1080p-hevc.mp4", "30", 300, 10, full),
        Expectation("v-1080p25-camera.mp4", "25", 96, 3.84, full),
        Expectation("v-320x240-60fps.mp4", "30", 466, 15.533, "240p:320x240"),
        Expectation("v-4k-portrait-phone.mp4", "30", 9, 0.3, phone),
        Expectation("v-720p-traffic-vfr.mp4", "24000/1001", 828, 34.52, hd, audio: false),
        Expectation("v-720p25-traffic.mp4", "25", 576, 23.04, hd),
        Expectation(
            "v-960x1080-noaudio.avi",
            "12",
            59,
            4.917,
            "720p:720x810 480p:480x540 360p:360x406",
            audio: false
        ),
        Expectation("v-av1-10s.mkv", "25", 125, 5, "360p:640x360", audio: false),
        Expectation("v-bbb-360p-10s.mp4", "24", 240, 10, "360p:480x360"),
        Expectation("v-bbb-720p-5s.mp4", "25", 132, 5.28, hd),
        Expectation("v-bottle-noaudio.mp4", "179/6", 1189, 39.855, "360p:640x360", audio: false),
        Expectation("v-cockatoo-444.mp4", "20", 280, 14, hd),
        Expectation("v-corrupted.mp4", "10", 50, 5, hd, audio: false),
        Expectation(
            "v-cursed-vfr-3026x1386.mp4",
            "10",
            87,
            8.7255,
            "1080p:1920x880 720p:1280x586 480p:854x392 360p:640x294",
            audio: false
        ),
        Expectation("v-dolbyvision-iphone.mov", "30", 4, 0.1067, "720p:720x1280 480p:480x854 360p:360x640"),
        Expectation("v-edit-list.mp4", "25", 225, 9, "480p:852x480 360p:640x360"),
        Expectation("v-frag-no-duration.mp4", "30000/1001", 30, 1.001, bear),
        Expectation("v-h263-amr.3gp", "15", 75, 5.02, "288p:384x288"),
        Expectation("v-hdr10-1080p-phone.mp4", "30000/1001", 30, 1.018, full),
        Expectation("v-hevc-1080p24-51.ts", "24", 120, 5, full),
        Expectation("v-iphone-rot0.mov", "30", 3, 0.1, "320p:568x320", audio: false),
        Expectation("v-iphone-rot270.mov", "30", 3, 0.1, "320p:320x568", audio: false),
        Expectation("v-iphone-rot90.mov", "30", 3, 0.1, "320p:320x568", audio: false),
        Expectation("v-mdat-too-long.mp4", "30000/1001", 30, 1.001, bear),
        Expectation("v-mpeg4-mp3.avi", "24000/1001", 98, 4.087, "480p:854x356 360p:640x266"),
        Expectation("v-nasa-multistream.mp4", "30000/1001", 390, 13.013, "270p:480x270"),
        Expectation("v-no-timescale.mp4", "2500/83", 182, 6.042, "240p:320x240", audio: false),
        Expectation("v-nonzero-start.mp4", "30", 12, 0.4, "112p:198x112", audio: false),
        Expectation("v-pancake-opus.mkv", "30", 310, 10.33, "240p:426x240"),
        Expectation("v-partially-frag.mp4", "30000/1001", 30, 1.001, bear),
        Expectation("v-rot-cif.mp4", "30000/1001", 23, 0.768, "288p:288x352"),
        Expectation("v-rotate-1080p24.mp4", "24", 45, 1.875, phone),
        Expectation("v-sar2x1.mp4", "30", 150, 5, "720p:1280x360 480p:854x240 360p:640x180", audio: false),
        Expectation("v-srt-ac3.mkv", "30", 30, 1, bear),
        Expectation("v-ts-no-initial-key.ts", "30000/1001", 15, 0.5, "352p:626x352"),
        Expectation("v-vp9-10bit.webm", "24000/1001", 72, 3, "240p:426x240", audio: false),
        Expectation("v-vp9-alpha-faulty.webm", "30", 150, 5, full, audio: false),
        Expectation("v-vp9-odd.webm", "30000/1001", 30, 1.001, "120p:160x120", audio: false),
    ]

    /// Videos of which nothing can be played, and the word their failure is given.
    static let broken = [("v-invalid-bitstream.webm", "damaged"), ("v-zero-stsc.mp4", "damaged")]

    /// Sounds, and how long they are.
    static let sounds: [(String, Double)] = [
        ("a-flac.flac", 2.741), ("a-malformed-join.mp3", 8.56), ("a-music-96s.aac", 105.8), ("a-rf64.wav", 0.349),
        ("a-speech-nasa.mp3", 13.248), ("a-trunc.aac", 3.35), ("a-vbr-xing.mp3", 2.808), ("a-vorbis.ogg", 2.741),
    ]
}
