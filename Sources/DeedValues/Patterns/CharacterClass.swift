// A set of code points, as a regular expression names it: ranges, properties, other sets, all of it possibly negated.

import Glibc

struct CharacterClass: Sendable {
    /// What \d, \w, \s, \h, \v and \p{...} stand for. The first ones are ASCII, as in Java.
    enum Property: Sendable {
        case digit, word, space, horizontalSpace, verticalSpace, punctuation, control, graph
        case category(Set<Unicode.GeneralCategory>)
        case alphabetic, uppercase, lowercase, whiteSpace
    }

    var ranges: [ClosedRange<UInt32>] = []
    var properties: [(property: Property, isNegated: Bool)] = []
    var unions: [CharacterClass] = []
    /// Sets that a member must be in as well.
    var intersections: [CharacterClass] = []
    var isNegated = false
    var ignoresCase = false
    /// Answers for ASCII, by bit: what nearly every text asks for.
    private var ascii: (UInt64, UInt64) = (0, 0)

    init() {}

    init(_ scalar: UInt32) { ranges = [scalar...scalar] }

    init(_ property: Property, isNegated: Bool) { properties = [(property, isNegated)] }

    /// Everything, or everything but line terminators.
    static func any(withLines: Bool) -> CharacterClass {
        var result = CharacterClass()
        result.isNegated = true
        if !withLines { result.ranges = [0x0A...0x0A, 0x0D...0x0D, 0x85...0x85, 0x2028...0x2029] }
        return result
    }

    /// To be called when all is set.
    func prepared() -> CharacterClass {
        var result = self
        result.ascii = (0, 0)
        for value in UInt32(0)..<64 where computedContains(value) { result.ascii.0 |= 1 &<< UInt64(value) }
        for value in UInt32(64)..<128 where computedContains(value) { result.ascii.1 |= 1 &<< UInt64(value &- 64) }
        return result
    }

    /// Of a prepared class.
    @inline(__always)
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return ascii.0 &>> UInt64(value) & 1 != 0 }
        if value < 128 { return ascii.1 &>> UInt64(value &- 64) & 1 != 0 }
        return computedContains(value)
    }

    private func computedContains(_ value: UInt32) -> Bool {
        var found = containsExactly(value)
        if !found, ignoresCase, let scalar = Unicode.Scalar(value) {
            found = Self.otherCases(scalar).contains { containsExactly($0) }
        }
        return found != isNegated
    }

    private func containsExactly(_ value: UInt32) -> Bool {
        var found = ranges.contains { $0.contains(value) } || unions.contains { $0.computedContains(value) }
        if !found, let scalar = Unicode.Scalar(value) {
            found = properties.contains { $0.property.holds(scalar) != $0.isNegated }
        }
        return found && intersections.allSatisfy { $0.computedContains(value) }
    }

    /// The code point in lower, upper and title case, where these are single code points.
    static func otherCases(_ scalar: Unicode.Scalar) -> [UInt32] {
        let properties = scalar.properties
        return [properties.lowercaseMapping, properties.uppercaseMapping, properties.titlecaseMapping].compactMap { text in
            let scalars = text.unicodeScalars
            guard let first = scalars.first, scalars.count == 1, first != scalar else { return nil }
            return first.value
        }
    }
}

extension CharacterClass.Property {
    func holds(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        switch self {
        case .digit: return 0x30...0x39 ~= value
        case .word: return 0x30...0x39 ~= value || 0x41...0x5A ~= value || 0x61...0x7A ~= value || value == 0x5F
        case .space: return value == 0x20 || 0x09...0x0D ~= value
        case .horizontalSpace:
            return [0x20, 0x09, 0xA0, 0x1680, 0x180E, 0x202F, 0x205F, 0x3000].contains(value) || 0x2000...0x200A ~= value
        case .verticalSpace: return 0x0A...0x0D ~= value || value == 0x85 || 0x2028...0x2029 ~= value
        case .punctuation: return value < 128 && ispunct(Int32(value)) != 0
        case .control: return value < 0x20 || value == 0x7F
        case .graph: return 0x21...0x7E ~= value
        case .category(let categories): return categories.contains(scalar.properties.generalCategory)
        case .alphabetic: return scalar.properties.isAlphabetic
        case .uppercase: return scalar.properties.isUppercase
        case .lowercase: return scalar.properties.isLowercase
        case .whiteSpace: return scalar.properties.isWhitespace
        }
    }

    private static let categories: [String: Set<Unicode.GeneralCategory>] = [
        "L": [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter],
        "Lu": [.uppercaseLetter], "Ll": [.lowercaseLetter], "Lt": [.titlecaseLetter], "Lm": [.modifierLetter],
        "Lo": [.otherLetter],
        "M": [.nonspacingMark, .spacingMark, .enclosingMark], "Mn": [.nonspacingMark], "Mc": [.spacingMark],
        "Me": [.enclosingMark],
        "N": [.decimalNumber, .letterNumber, .otherNumber], "Nd": [.decimalNumber], "Nl": [.letterNumber],
        "No": [.otherNumber],
        "P": [
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation,
        ],
        "Pc": [.connectorPunctuation], "Pd": [.dashPunctuation], "Ps": [.openPunctuation], "Pe": [.closePunctuation],
        "Pi": [.initialPunctuation], "Pf": [.finalPunctuation], "Po": [.otherPunctuation],
        "S": [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol], "Sm": [.mathSymbol], "Sc": [.currencySymbol],
        "Sk": [.modifierSymbol], "So": [.otherSymbol],
        "Z": [.spaceSeparator, .lineSeparator, .paragraphSeparator], "Zs": [.spaceSeparator], "Zl": [.lineSeparator],
        "Zp": [.paragraphSeparator],
        "C": [.control, .format, .surrogate, .privateUse, .unassigned], "Cc": [.control], "Cf": [.format],
        "Co": [.privateUse], "Cn": [.unassigned],
    ]

    /// The class that `\p{name}` stands for; nil if there is none.
    static func named(_ name: String) -> CharacterClass? {
        func ranges(_ ranges: ClosedRange<UInt32>...) -> CharacterClass {
            var result = CharacterClass()
            result.ranges = ranges
            return result
        }
        switch name {
        case "Lower": return ranges(0x61...0x7A)
        case "Upper": return ranges(0x41...0x5A)
        case "Alpha": return ranges(0x41...0x5A, 0x61...0x7A)
        case "Digit": return ranges(0x30...0x39)
        case "Alnum": return ranges(0x30...0x39, 0x41...0x5A, 0x61...0x7A)
        case "XDigit": return ranges(0x30...0x39, 0x41...0x46, 0x61...0x66)
        case "ASCII": return ranges(0...0x7F)
        case "Blank": return ranges(0x20...0x20, 0x09...0x09)
        case "Print": return ranges(0x20...0x7E)
        case "Graph": return CharacterClass(.graph, isNegated: false)
        case "Punct": return CharacterClass(.punctuation, isNegated: false)
        case "Cntrl": return CharacterClass(.control, isNegated: false)
        case "Space": return CharacterClass(.space, isNegated: false)
        case "IsAlphabetic": return CharacterClass(.alphabetic, isNegated: false)
        case "IsUppercase": return CharacterClass(.uppercase, isNegated: false)
        case "IsLowercase": return CharacterClass(.lowercase, isNegated: false)
        case "IsWhite_Space": return CharacterClass(.whiteSpace, isNegated: false)
        default:
            let short = name.hasPrefix("Is") ? String(name.dropFirst(2)) : name
            return categories[short].map { CharacterClass(.category($0), isNegated: false) }
        }
    }
}
