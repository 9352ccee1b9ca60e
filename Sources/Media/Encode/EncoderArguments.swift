/// ffmpeg's arguments for a rung's encoder.
///
/// Whatever the codec: closed groups of pictures that begin where they are told and nowhere else, quality under the
/// rung's ceiling, and parameter sets that are the same in every chunk and stand in the init alone.
struct EncoderArguments {
    let rung: Rung
    /// Whether somebody waits for what is encoded.
    var isAwaited = false

    /// `keys`: seconds at which key frames are forced.
    func arguments(keys: [String]) -> [String] {
        codec + ["-pix_fmt", "yuv420p", "-force_key_frames", keys.joined(separator: ","), "-g", "9999"]
    }

    private var codec: [String] {
        switch rung.codec {
        case .h264: h264
        case .hevc: hevc
        case .av1: av1
        }
    }

    private var ceiling: [String] { ["-maxrate", String(rung.maxBitrate), "-bufsize", String(rung.bufferSize)] }

    private var h264: [String] {
        ["-c:v", VideoCodec.h264.encoder, "-preset", rung.preset, "-profile:v", "high"]
            + ["-crf", String(Rung.constantRateFactor)] + ceiling + ["-sc_threshold", "0"]
            + ["-x264-params", (["open-gop=0"] + (isAwaited ? quickSearch : [])).joined(separator: ":")]
    }

    /// Half the time for 5 % more bytes (640 × 360, `medium`), and not a bit of the parameter sets: what shows there,
    /// reference frames and the like, stays the preset's.
    ///
    /// Without fine search x264 leaves out the shift of chroma that it makes for `psy-rd`; so it is stated.
    private var quickSearch: [String] {
        ["ultrafast", "superfast", "veryfast", "faster"].contains(rung.preset)
            ? [] : ["subme=2", "me=dia", "trellis=0", "chroma-qp-offset=-2", "rc-lookahead=10"]
    }

    /// x265's 28 looks like x264's 23 (its documentation, "CRF").
    private var hevc: [String] {
        ["-c:v", VideoCodec.hevc.encoder, "-preset", rung.preset, "-profile:v", "main", "-tag:v", "hvc1"]
            + ["-crf", "28"] + ceiling + ["-forced-idr", "1"]
            + [
                "-x265-params",
                "open-gop=0:scenecut=0:keyint=9999:min-keyint=9999:repeat-headers=0:info=0:log-level=error",
            ]
    }

    /// Without a look ahead no picture is held back or hidden, so that a chunk ends with the picture it should.
    ///
    /// The buffer model holds only at a constant rate; the least quantizer is what keeps easy pictures below it.
    private var av1: [String] {
        ["-c:v", VideoCodec.av1.encoder, "-usage", "realtime", "-cpu-used", String(speed), "-row-mt", "1"]
            + ["-lag-in-frames", "0", "-keyint_min", "9999", "-b:v", String(rung.maxBitrate)]
            + ["-minrate", String(rung.maxBitrate)] + ceiling + ["-qmin", "28", "-qmax", "60"]
    }

    /// libaom's 5 to 8 for the names of x264's presets: what is slower is no realtime any more, what is faster ffmpeg
    /// 5.1 refuses.
    private var speed: Int {
        switch rung.preset {
        case "slow", "slower", "veryslow": 5
        case "medium": 6
        case "fast", "faster": 7
        default: 8
        }
    }
}
