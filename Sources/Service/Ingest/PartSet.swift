/// Which parts of an upload are there: one bit each, and how far they reach without a gap.
struct PartSet: Sendable {
    private var bits: [UInt64]
    let capacity: Int
    private(set) var count = 0
    /// Parts from the start without a gap.
    private(set) var prefix = 0

    init(capacity: Int) {
        self.capacity = capacity
        bits = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    func contains(_ number: Int) -> Bool {
        bits[number / 64] & (1 << UInt64(number % 64)) != 0
    }

    /// False when the part was there already.
    @discardableResult
    mutating func insert(_ number: Int) -> Bool {
        guard !contains(number) else { return false }
        bits[number / 64] |= 1 << UInt64(number % 64)
        count += 1
        while prefix < capacity, contains(prefix) { prefix += 1 }
        return true
    }

    /// The first parts that are missing, at most `limit` of them.
    func missing(limit: Int) -> [Int] {
        var result: [Int] = []
        var number = prefix
        while number < capacity, result.count < limit {
            if !contains(number) { result.append(number) }
            number += 1
        }
        return result
    }
}
