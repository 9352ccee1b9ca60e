internal import Foundation

/// ffprobe's JSON, as it writes it: numbers are often text, anything may be absent.
struct ProbeReport: Decodable {
    struct Format: Decodable {
        let formatName: String
        let duration: String?
        let bitRate: String?
        let size: String?
        let tags: [String: String]?

        enum CodingKeys: String, CodingKey {
            case formatName = "format_name"
            case duration, size, tags
            case bitRate = "bit_rate"
        }
    }

    struct Stream: Decodable {
        struct SideData: Decodable {
            let rotation: Double?
        }

        let index: Int
        let codecType: String?
        let codecName: String?
        let profile: String?
        let width: Int?
        let height: Int?
        let pixelFormat: String?
        let bitsPerRawSample: String?
        let sampleAspectRatio: String?
        let averageFrameRate: String?
        let nominalFrameRate: String?
        let timeBase: String?
        let fieldOrder: String?
        let colorRange: String?
        let colorSpace: String?
        let colorPrimaries: String?
        let colorTransfer: String?
        let startTime: String?
        let duration: String?
        let channels: Int?
        let sampleRate: String?
        let disposition: [String: Int]?
        let tags: [String: String]?
        let sideData: [SideData]?

        enum CodingKeys: String, CodingKey {
            case index, profile, width, height, duration, channels, disposition, tags
            case codecType = "codec_type"
            case codecName = "codec_name"
            case pixelFormat = "pix_fmt"
            case bitsPerRawSample = "bits_per_raw_sample"
            case sampleAspectRatio = "sample_aspect_ratio"
            case averageFrameRate = "avg_frame_rate"
            case nominalFrameRate = "r_frame_rate"
            case timeBase = "time_base"
            case fieldOrder = "field_order"
            case colorRange = "color_range"
            case colorSpace = "color_space"
            case colorPrimaries = "color_primaries"
            case colorTransfer = "color_transfer"
            case startTime = "start_time"
            case sampleRate = "sample_rate"
            case sideData = "side_data_list"
        }

        func has(_ disposition: String) -> Bool { (self.disposition?[disposition] ?? 0) != 0 }
    }

    let format: Format
    let streams: [Stream]

    /// Only what is read here: a file with a megabyte of tags must not fill the output.
    static let entries =
        "format=format_name,duration,bit_rate,size:format_tags=\(MediaTags.names.joined(separator: ","))"
        + ":stream=index,codec_type,codec_name,profile,width,height,pix_fmt,bits_per_raw_sample,sample_aspect_ratio"
        + ",avg_frame_rate,r_frame_rate,time_base,field_order,color_range,color_space,color_primaries,color_transfer"
        + ",start_time,duration,channels,sample_rate:stream_disposition=attached_pic,default"
        + ":stream_tags=language,\(MediaTags.names.joined(separator: ","))"
        + ":stream_side_data=rotation"
}

extension ProbeReport.Stream {
    var video: VideoStream? {
        guard let codecName, let width, let height, width > 0, height > 0,
            let timeBase = timeBase.flatMap(Rational.init(positive:))
        else { return nil }
        return VideoStream(
            index: index,
            codec: codecName,
            profile: profile,
            pixelFormat: pixelFormat,
            bitDepth: bitDepth,
            width: width,
            height: height,
            sampleAspectRatio: squareable,
            rotation: quarterTurns,
            averageFrameRate: averageFrameRate.flatMap(Rational.init(positive:)),
            nominalFrameRate: nominalFrameRate.flatMap(Rational.init(positive:)),
            timeBase: timeBase,
            isInterlaced: !["progressive", "unknown", nil].contains(fieldOrder),
            colorRange: known(colorRange),
            colorSpace: known(colorSpace),
            colorPrimaries: known(colorPrimaries),
            colorTransfer: known(colorTransfer),
            start: startTime.flatMap(ProbeReport.microseconds)
        )
    }

    var audio: AudioStream? {
        guard let codecName, let channels, channels > 0, let rate = sampleRate.flatMap({ Int($0) }), rate > 0,
            let timeBase = timeBase.flatMap(Rational.init(positive:))
        else { return nil }
        let language = tags?["language"].flatMap { $0 == "und" ? nil : String($0.prefix(16)) }
        return AudioStream(
            index: index,
            codec: codecName,
            profile: profile,
            channels: channels,
            sampleRate: rate,
            language: language,
            timeBase: timeBase,
            start: startTime.flatMap(ProbeReport.microseconds)
        )
    }

    private func known(_ tag: String?) -> String? {
        ["unknown", "unspecified", "reserved", nil].contains(tag) ? nil : tag
    }

    private var bitDepth: Int {
        if let raw = bitsPerRawSample.flatMap({ Int($0) }), raw > 0 { return raw }
        for depth in [16, 14, 12, 10, 9] where pixelFormat?.contains("p\(depth)") == true { return depth }
        return 8
    }

    /// Pixels more than twenty times as wide as high are an error of the file, not a picture.
    private var squareable: Rational {
        guard let ratio = sampleAspectRatio.flatMap(Rational.init(positive:)), (0.05...20).contains(ratio.value)
        else { return Rational(1) }
        return ratio
    }

    /// ffmpeg states the matrix's counterclockwise angle, and turns the picture itself for quarter turns only.
    private var quarterTurns: Int {
        let angle = sideData?.lazy.compactMap(\.rotation).first ?? 0
        guard angle.isFinite, abs(angle) <= 360 else { return 0 }
        let quarter = (-angle / 90).rounded()
        guard abs(-angle - quarter * 90) < 1 else { return 0 }
        return ((Int(quarter) * 90) % 360 + 360) % 360
    }
}

extension ProbeReport {
    /// Seconds as text to microseconds; nil for nonsense.
    static func microseconds(_ text: String) -> Int64? {
        guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e12 else { return nil }
        return Int64((seconds * 1_000_000).rounded())
    }
}
