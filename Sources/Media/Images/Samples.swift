#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A small decoded picture: sRGB with 8 bits, one to four bands.
struct Samples {
    let width: Int
    let height: Int
    let bands: Int
    let bytes: [UInt8]

    /// Red, green and blue of a pixel, and how far it covers what is behind it, 0–255.
    func pixel(_ index: Int) -> (red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8) {
        let place = index * bands
        switch bands {
        case 1: return (bytes[place], bytes[place], bytes[place], 255)
        case 2: return (bytes[place], bytes[place], bytes[place], bytes[place + 1])
        default:
            return (bytes[place], bytes[place + 1], bytes[place + 2], bands == 3 ? 255 : bytes[place + 3])
        }
    }

    /// The colour of which there is most, `#rrggbb`: the mean of the fullest of 512 boxes of colour; white where
    /// everything is transparent.
    var dominantColor: String {
        var boxes = [(count: Int, red: Int, green: Int, blue: Int)](repeating: (0, 0, 0, 0), count: 512)
        for index in 0..<width * height {
            let pixel = pixel(index)
            guard pixel.alpha >= 128 else { continue }
            let box = Int(pixel.red >> 5) << 6 | Int(pixel.green >> 5) << 3 | Int(pixel.blue >> 5)
            boxes[box].count += 1
            boxes[box].red += Int(pixel.red)
            boxes[box].green += Int(pixel.green)
            boxes[box].blue += Int(pixel.blue)
        }
        guard let fullest = boxes.max(by: { $0.count < $1.count }), fullest.count > 0 else { return "#ffffff" }
        return "#"
            + [fullest.red, fullest.green, fullest.blue].map { sum in
                let value = sum / fullest.count
                return (value < 16 ? "0" : "") + String(value, radix: 16)
            }.joined()
    }
}

/// BlurHash (blurha.sh): a picture's lowest frequencies in about thirty characters, from which clients draw a
/// placeholder before the picture has come.
enum BlurHash {
    private static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
    )

    /// Four by three components, three by four for a portrait; transparent parts count as white.
    static func encode(_ picture: Samples) -> String {
        let (columns, rows) = picture.width >= picture.height ? (4, 3) : (3, 4)
        let linear = linearPixels(of: picture)
        var factors: [SIMD3<Double>] = []
        for row in 0..<rows {
            for column in 0..<columns { factors.append(factor(column, row, of: picture, linear)) }
        }
        let rest = factors.dropFirst()
        let largest = rest.map { max(abs($0.x), abs($0.y), abs($0.z)) }.max() ?? 0
        let quantised = max(0, min(82, Int((largest * 166 - 0.5).rounded(.down))))
        let maximum = Double(quantised + 1) / 166
        var text = digits(columns - 1 + (rows - 1) * 9, 1) + digits(quantised, 1)
        let mean = factors[0]
        text += digits(encoded(mean.x) << 16 | encoded(mean.y) << 8 | encoded(mean.z), 4)
        for factor in rest {
            let parts = [factor.x, factor.y, factor.z].map { value -> Int in
                let root = (abs(value) / maximum).squareRoot() * (value < 0 ? -1 : 1)
                return max(0, min(18, Int((root * 9 + 9.5).rounded(.down))))
            }
            text += digits(parts[0] * 361 + parts[1] * 19 + parts[2], 2)
        }
        return text
    }

    private static func linearPixels(of picture: Samples) -> [SIMD3<Double>] {
        (0..<picture.width * picture.height).map { index in
            let pixel = picture.pixel(index)
            let cover = Double(pixel.alpha) / 255
            func value(_ byte: UInt8) -> Double { linear((Double(byte) * cover + 255 * (1 - cover)) / 255) }
            return SIMD3(value(pixel.red), value(pixel.green), value(pixel.blue))
        }
    }

    private static func factor(
        _ column: Int,
        _ row: Int,
        of picture: Samples,
        _ pixels: [SIMD3<Double>]
    ) -> SIMD3<Double> {
        var sum = SIMD3<Double>()
        for y in 0..<picture.height {
            let vertical = cos(.pi * Double(row * y) / Double(picture.height))
            for x in 0..<picture.width {
                let basis = cos(.pi * Double(column * x) / Double(picture.width)) * vertical
                sum += pixels[y * picture.width + x] * basis
            }
        }
        return sum * ((row == 0 && column == 0 ? 1 : 2) / Double(picture.width * picture.height))
    }

    private static func linear(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    private static func encoded(_ value: Double) -> Int {
        let value = max(0, min(1, value))
        let curve = value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
        return Int((curve * 255 + 0.5).rounded(.down))
    }

    private static func digits(_ value: Int, _ length: Int) -> String {
        var rest = value
        var text: [Character] = []
        for _ in 0..<length {
            text.insert(alphabet[rest % 83], at: 0)
            rest /= 83
        }
        return String(text)
    }
}
