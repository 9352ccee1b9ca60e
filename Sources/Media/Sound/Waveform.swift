/// The least and the greatest sample of equal stretches of a sound, for drawing it.
///
/// Encodes as the second version of audiowaveform's JSON, which players know.
package struct Waveform: Encodable, Sendable, Hashable {
    package let version = 2
    package let channels = 1
    /// Samples a second, of all channels mixed.
    package let sampleRate: Int
    /// Samples that one pair stands for.
    package let samplesPerPixel: Int
    package let bits = 8
    /// Pairs.
    package let length: Int
    /// Minimum and maximum of each pair in turn, -128 to 127.
    package let data: [Int8]

    enum CodingKeys: String, CodingKey {
        case version, channels, bits, length, data
        case sampleRate = "sample_rate"
        case samplesPerPixel = "samples_per_pixel"
    }
}

/// Gathers a waveform from samples as they come.
///
/// Its memory and its result are bounded whatever the length: when there are too many pairs, two become one.
struct WaveformBuilder {
    /// Pairs that are enough for the widest screen.
    static let mostPairs = 2048
    static let leastStretch = 256

    private let sampleRate: Int
    private var stretch = WaveformBuilder.leastStretch
    private var pairs: [(least: Int16, greatest: Int16)] = []
    private var current: (least: Int16, greatest: Int16) = (.max, .min)
    private var count = 0
    /// The first byte of a sample that was cut in two.
    private var half: UInt8?
    private(set) var samples: Int64 = 0

    init(sampleRate: Int) {
        self.sampleRate = sampleRate
        pairs.reserveCapacity(Self.mostPairs)
    }

    /// Takes mono samples of 16 bits, little-endian, cut anywhere.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if let low = half, let high = rest.popFirst() {
            add(Int16(bitPattern: UInt16(high) << 8 | UInt16(low)))
            half = nil
        }
        let block = UnsafeRawBufferPointer(rebasing: rest)
        for offset in stride(from: 0, to: block.count - 1, by: 2) {
            add(Int16(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: Int16.self)))
        }
        if block.count % 2 == 1 { half = block[block.count - 1] }
    }

    private mutating func add(_ sample: Int16) {
        current = (min(current.least, sample), max(current.greatest, sample))
        count += 1
        samples += 1
        guard count == stretch else { return }
        pairs.append(current)
        current = (.max, .min)
        count = 0
        if pairs.count == Self.mostPairs { halve() }
    }

    private mutating func halve() {
        pairs = stride(from: 0, to: pairs.count, by: 2).map { index in
            let (left, right) = (pairs[index], pairs[index + 1])
            return (min(left.least, right.least), max(left.greatest, right.greatest))
        }
        stretch *= 2
    }

    /// The waveform of all that came.
    consuming func finish() -> Waveform {
        if count > 0 { pairs.append(current) }
        return Waveform(
            sampleRate: sampleRate,
            samplesPerPixel: stretch,
            length: pairs.count,
            data: pairs.flatMap { [Int8($0.least >> 8), Int8($0.greatest >> 8)] }
        )
    }
}
