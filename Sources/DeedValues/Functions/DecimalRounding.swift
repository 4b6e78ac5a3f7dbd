// Rounding a float at a decimal place, the way it is written: 1.005 to two digits is 1.01, although the float itself is a
// little less. It works on the shortest decimal digits that give the float back, and reads the result as a float again.

enum DecimalRounding {
    enum Mode: String {
        case up = "UP"
        case down = "DOWN"
        case ceiling = "CEILING"
        case floor = "FLOOR"
        case halfUp = "HALF_UP"
        case halfDown = "HALF_DOWN"
        case halfEven = "HALF_EVEN"
        case halfTowardPositive = ""

        /// For a rest that is not zero: -1, 0 or 1 as it is less than, equal to or more than half a unit of the last digit kept.
        func goesAwayFromZero(half: Int, isOdd: Bool, isNegative: Bool) -> Bool {
            switch self {
            case .up: true
            case .down: false
            case .ceiling: !isNegative
            case .floor: isNegative
            case .halfUp: half >= 0
            case .halfDown: half > 0
            case .halfEven: half > 0 || half == 0 && isOdd
            case .halfTowardPositive: half > 0 || half == 0 && !isNegative
            }
        }
    }

    static func round(_ value: Double, digits places: Int, _ mode: Mode) -> Double {
        guard value.isFinite, value != 0 else { return value }
        // value = 0.d1 d2 d3 ... x 10^point
        var (digits, point) = decimal(value.magnitude)
        let kept = point + places
        guard kept < digits.count else { return value }
        let isNegative = value < 0
        let isAway = kept < 0
            ? goesAwayFromZero(rest: [0, 1], last: 0, isNegative: isNegative, mode)
            : goesAwayFromZero(rest: digits[kept...], last: kept > 0 ? digits[kept - 1] : 0, isNegative: isNegative, mode)
        digits = Array(digits.prefix(max(0, kept)))
        if isAway {
            if kept <= 0 {
                // One unit of the last place that is kept.
                (digits, point) = ([1], 1 - places)
            } else {
                var index = kept - 1
                while index >= 0 && digits[index] == 9 {
                    digits[index] = 0
                    index -= 1
                }
                if index >= 0 {
                    digits[index] += 1
                } else {
                    digits.insert(1, at: 0)
                    point += 1
                }
            }
        }
        let text = "0." + digits.map { String($0) }.joined() + (digits.isEmpty ? "0" : "") + "e\(point)"
        let result = Double(text) ?? value
        return isNegative ? -result : result
    }

    private static func goesAwayFromZero(rest: ArraySlice<UInt8>, last: UInt8, isNegative: Bool, _ mode: Mode) -> Bool {
        let isSome = rest.contains { $0 != 0 }
        let first = rest.first ?? 0
        let isHalf = first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
        let half = isHalf ? 0 : first >= 5 ? 1 : -1
        return isSome && mode.goesAwayFromZero(half: half, isOdd: last % 2 == 1, isNegative: isNegative)
    }

    /// The shortest digits, without zeros at either end, and where the point is.
    static func decimal(_ value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point = 0
        var exponent = 0
        var isAfterPoint = false
        let text = Array(value.description.utf8)
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "."): isAfterPoint = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits.append(byte - UInt8(ascii: "0"))
                if !isAfterPoint { point += 1 }
            default:
                exponent = Int(TextBytes.string(text[(index + 1)...])) ?? 0
                let zeros = digits.prefix { $0 == 0 }.count
                return (Array(digits.dropFirst(zeros)), point - zeros + exponent)
            }
        }
        let zeros = digits.prefix { $0 == 0 }.count
        return (Array(digits.dropFirst(zeros)), point - zeros)
    }

    /// So many digits at most, halves away from zero.
    static func decimal(_ value: Double, significant count: Int) -> (digits: [UInt8], point: Int) {
        var (digits, point) = decimal(value)
        guard digits.count > count else { return (digits, point) }
        let isUp = digits[count] >= 5
        digits.removeSubrange(count...)
        if isUp {
            var index = count - 1
            while index >= 0 && digits[index] == 9 { index -= 1 }
            digits.removeSubrange((index + 1)...)
            if index >= 0 {
                digits[index] += 1
            } else {
                (digits, point) = ([1], point + 1)
            }
        }
        while digits.last == 0 { digits.removeLast() }
        return (digits, point)
    }
}
