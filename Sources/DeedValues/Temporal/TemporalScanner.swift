// A cursor over the bytes of a temporal text. It only moves forward over what it took.

struct TemporalScanner {
    private let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count }
    var isAtEnd: Bool { position >= bytes.count }
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard let next = peek, next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// How many digits follow.
    var digitsAhead: Int {
        var end = position
        while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
        return end - position
    }

    /// A number of as many digits as there are, if they are as many as allowed, 18 at most.
    mutating func digits(_ allowed: ClosedRange<Int>) -> Int64? {
        assert(allowed.upperBound <= 18)
        let count = min(digitsAhead, allowed.upperBound)
        guard count >= allowed.lowerBound else { return nil }
        return digits(count)
    }

    private mutating func digits(_ count: Int) -> Int64 {
        var result: Int64 = 0
        // Safe: at most 18 digits.
        for byte in bytes[position..<position + count] { result = result &* 10 &+ Int64(byte &- UInt8(ascii: "0")) }
        position += count
        return result
    }

    /// Up to nine digits after a point or a comma, as billionths; 0 if there is no point, nil if it has no digits.
    mutating func fraction() -> Int64? {
        guard take(".") || take(",") else { return 0 }
        let count = digitsAhead
        guard (1...9).contains(count), var result = digits(1...9) else { return nil }
        for _ in count..<9 { result *= 10 }
        return result
    }

    /// `Z`, `+HH`, `+HHMM`, `+HH:MM`, `+HHMMSS`, `+HH:MM:SS` in seconds; nil if there is none of them.
    mutating func offset() throws(QueryError) -> Int32? {
        if take("Z") { return 0 }
        let negative = peek == UInt8(ascii: "-")
        guard take("+") || take("-"), let hours = digits(2...2) else { return nil }
        var seconds = hours * 3600
        let isExtended = take(":")
        if isExtended || digitsAhead > 0 {
            guard let minutes = digits(2...2), minutes < 60 else { return nil }
            seconds += minutes * 60
            let hasSeconds = isExtended ? take(":") : digitsAhead > 0
            if hasSeconds {
                guard let rest = digits(2...2), rest < 60 else { return nil }
                seconds += rest
            }
        }
        guard seconds <= Zone.offsetMax else { throw .temporalValue("an offset from UTC is at most 18 hours") }
        return Int32(negative ? -seconds : seconds)
    }

    /// The name between square brackets; nil if there are none.
    mutating func bracketed() -> String? {
        guard peek == UInt8(ascii: "["), let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let name = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        position = end + 1
        return name
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
