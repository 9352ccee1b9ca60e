internal import Core
internal import Foundation

/// A rung as the operator configures it: one file of `config/profiles`, named after its rung.
package struct Profile: Sendable, Codable, Hashable {
    /// The file's name without `.json`: `1080p`.
    package let name: String
    /// The box of a landscape picture; it is turned for portrait.
    package let width: Int
    package let height: Int
    /// The ceiling of the video's rate, in bits per second.
    package let videoBitrate: Int
    package let audioBitrate: Int
    /// One of x264's names, whatever the codec.
    package let preset: String
    /// A ceiling, in frames per second.
    package let frameRate: Rational
    /// What the picture is encoded as.
    package let videoCodec: VideoCodec

    package init(
        name: String,
        width: Int,
        height: Int,
        videoBitrate: Int,
        audioBitrate: Int,
        preset: String,
        frameRate: Rational,
        videoCodec: VideoCodec = .h264
    ) {
        self.name = name
        self.width = width
        self.height = height
        self.videoBitrate = videoBitrate
        self.audioBitrate = audioBitrate
        self.preset = preset
        self.frameRate = frameRate
        self.videoCodec = videoCodec
    }

    /// Reads every `.json` of a folder; the highest comes first.
    ///
    /// - Throws: `MediaError` that names the file, the field, its value and what was expected.
    package static func load(directory: String) throws -> [Profile] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw MediaError(
                .profile,
                "\(directory): the folder of profiles cannot be read: \(error.localizedDescription)"
            )
        }
        let profiles = try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
            guard let data = FileManager.default.contents(atPath: "\(directory)/\(name)") else {
                throw MediaError(.profile, "\(directory)/\(name): the file cannot be read.")
            }
            return try parse(Array(data), file: "\(directory)/\(name)", name: String(name.dropLast(5)))
        }
        guard !profiles.isEmpty else {
            throw MediaError(.profile, "\(directory): no profile (*.json) is there; at least one is needed.")
        }
        // The others are offered beside it: not every player knows them.
        guard profiles.contains(where: { $0.videoCodec == .h264 }) else {
            throw MediaError(
                .profile,
                "\(directory): no profile is for H.264, which every player knows: add one without \"videoCodec\"."
            )
        }
        return profiles.sorted { ($0.height, $0.width, $1.name) > ($1.height, $1.width, $0.name) }
    }

    /// One profile from its JSON.
    static func parse(_ bytes: [UInt8], file: String, name: String) throws -> Profile {
        guard name.range(of: "^[A-Za-z0-9_-]{1,32}$", options: .regularExpression) != nil else {
            throw MediaError(
                .profile,
                "\(file): the name \"\(name)\" is used in paths; expected letters, digits, - and _ only."
            )
        }
        guard !reservedNames.contains(name) else {
            throw MediaError(.profile, "\(file): the name \"\(name)\" is taken by another part of a version.")
        }
        let fields = try ProfileFields(bytes, file: file)
        try fields.refuseUnknown()
        return Profile(
            name: name,
            width: try fields.integer("width", in: 16...8192),
            height: try fields.integer("height", in: 16...8192),
            videoBitrate: try fields.bitRate("videoBitrate", in: 10_000...200_000_000),
            audioBitrate: try fields.bitRate("audioBitrate", in: 16_000...512_000),
            preset: try fields.choice("preset", of: presets),
            frameRate: try fields.rate("frameRate"),
            videoCodec: try fields.codec("videoCodec")
        )
    }

    /// What stands beside the rungs of a version.
    static let reservedNames: Set = [
        "audio", "original", "images", "poster", "captions", "derivatives",
    ]

    /// x264's presets but placebo.
    static let presets = [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    ]
}

/// A profile's fields, each read with its own complaint.
private struct ProfileFields {
    let file: String
    let fields: [String: JSONValue]

    init(_ bytes: [UInt8], file: String) throws {
        self.file = file
        do {
            guard case .object(let fields) = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else {
                throw MediaError(.profile, "\(file): expected a JSON object.")
            }
            self.fields = fields
        } catch let error as DecodingError {
            throw MediaError(.profile, "\(file): not JSON: \(error)")
        }
    }

    func refuseUnknown() throws {
        let known = ["width", "height", "videoBitrate", "audioBitrate", "preset", "frameRate", "videoCodec"]
        let unknown = fields.keys.filter { !known.contains($0) }.sorted()
        guard unknown.isEmpty else {
            throw MediaError(
                .profile,
                "\(file): unknown field \(unknown.map { "\"\($0)\"" }.joined(separator: ", ")); "
                    + "expected \(known.joined(separator: ", "))."
            )
        }
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int {
        guard case .integer(let value)? = fields[field], range.contains(Int(value)) else {
            throw wrong(field, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(value)
    }

    func bitRate(_ field: String, in range: ClosedRange<Int>) throws -> Int {
        var value: Int?
        switch fields[field] {
        case .integer(let number): value = Int(number)
        case .string(let text): value = Self.bitsPerSecond(text)
        default: break
        }
        guard let value, range.contains(value) else {
            throw wrong(
                field,
                "a bit rate such as \"2500k\", \"5M\" or bits per second, \(range.lowerBound) to "
                    + "\(range.upperBound)"
            )
        }
        return value
    }

    func choice(_ field: String, of values: [String]) throws -> String {
        guard case .string(let value)? = fields[field], values.contains(value) else {
            throw wrong(field, "one of \(values.joined(separator: ", "))")
        }
        return value
    }

    /// H.264 unless the profile says otherwise.
    func codec(_ field: String) throws -> VideoCodec {
        guard fields[field] != nil else { return .h264 }
        let name = try choice(field, of: VideoCodec.allCases.map(\.rawValue))
        return VideoCodec(rawValue: name) ?? .h264
    }

    func rate(_ field: String) throws -> Rational {
        switch fields[field] {
        case .integer(let value) where (1...120).contains(value): return Rational(Int(value))
        case .number(let value) where (1...120).contains(value):
            return FrameRate.standard(near: Rational(Int(value * 1000), 1000)) ?? Rational(Int(value * 1000), 1000)
        default: throw wrong(field, "a number of frames a second from 1 to 120")
        }
    }

    private func wrong(_ field: String, _ expectation: String) -> MediaError {
        let found: String
        if let value = fields[field], let data = try? JSONEncoder().encode(value) {
            found = String(decoding: data, as: UTF8.self)
        } else {
            found = "missing"
        }
        return MediaError(.profile, "\(file): \"\(field)\" is \(found); expected \(expectation).")
    }

    /// `5000k`, `5M`, `800000`.
    private static func bitsPerSecond(_ text: String) -> Int? {
        let factor: Double =
            switch text.last {
            case "k", "K": 1000
            case "m", "M": 1_000_000
            default: 1
            }
        let digits = factor == 1 ? text[...] : text.dropLast()
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(digits),
            value * factor < 1e12
        else { return nil }
        return Int((value * factor).rounded())
    }
}
