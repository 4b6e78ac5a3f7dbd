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
        let isMore = first >= 5 && !isHalf
        switch mode {
        case .up: return isSome
        case .down: return false
        case .ceiling: return isSome && !isNegative
        case .floor: return isSome && isNegative
        case .halfUp: return isMore || isHalf
        case .halfDown: return isMore
        case .halfEven: return isMore || (isHalf && last % 2 == 1)
        case .halfTowardPositive: return isMore || (isHalf && !isNegative)
        }
    }

    /// The shortest digits, without zeros at either end, and where the point is.
    private static func decimal(_ value: Double) -> (digits: [UInt8], point: Int) {
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
}
