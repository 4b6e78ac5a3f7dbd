// Reads a regular expression in the syntax of Java, which Cypher takes over: literals, `.`, classes with ranges, unions,
// intersections and negation, \d \w \s \h \v \p{..} and their negations, groups (capturing, named or not: nothing is
// captured), alternation, the quantifiers ? * + {n} {n,} {n,m} with a reluctant `?`, anchors and word boundaries, \Q..\E,
// escapes by number, and the flags i, s, m, u.
//
// Back references, lookaround, atomic groups and possessive quantifiers have no automaton; they are errors, not ignored.

struct PatternParser {
    private struct Flags {
        var ignoresCase = false
        var dotMatchesLines = false
        var isMultiline = false
    }

    private let pattern: [Unicode.Scalar]
    private var position = 0
    private var flags = Flags()
    private var depth = 0

    static func parse(_ pattern: String) throws(QueryError) -> PatternNode {
        var parser = PatternParser(pattern: Array(pattern.unicodeScalars))
        guard parser.pattern.count <= ValueLimits.patternLengthMax else {
            throw parser.failure("it is longer than \(ValueLimits.patternLengthMax) characters")
        }
        let node = try parser.alternatives()
        if parser.position < parser.pattern.count { throw parser.failure("a ')' without '('") }
        return node
    }

    private init(pattern: [Unicode.Scalar]) { self.pattern = pattern }

    private var current: Unicode.Scalar? { position < pattern.count ? pattern[position] : nil }

    private mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard current == expected else { return false }
        position += 1
        return true
    }

    private mutating func next(_ what: String) throws(QueryError) -> Unicode.Scalar {
        guard let scalar = current else { throw failure("it ends where \(what) is expected") }
        position += 1
        return scalar
    }

    fileprivate func failure(_ reason: String) -> QueryError {
        QueryError(
            .argumentError, "InvalidRegularExpression", "the regular expression is not valid at character \(position): \(reason)")
    }

    // MARK: Structure

    private mutating func alternatives() throws(QueryError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ValueLimits.patternNestingMax else { throw failure("groups nest too deep") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(QueryError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            nodes.append(try quantified(try atom()))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func quantified(_ atom: PatternNode) throws(QueryError) -> PatternNode {
        var bounds: (min: Int, max: Int?)
        switch current {
        case "?": bounds = (0, 1)
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "{":
            position += 1
            bounds.min = try number()
            bounds.max = bounds.min
            if take(",") { bounds.max = current == "}" ? nil : try number() }
            guard current == "}" else { throw failure("a repetition is written {n}, {n,} or {n,m}") }
            if let max = bounds.max, max < bounds.min { throw failure("the bounds of a repetition are in the wrong order") }
        default: return atom
        }
        position += 1
        if current == "+" { throw failure("possessive quantifiers are not supported") }
        _ = take("?")
        if let scalar = current, "*+?{".unicodeScalars.contains(scalar) { throw failure("there is nothing to repeat") }
        return .repetition(atom, min: bounds.min, max: bounds.max)
    }

    private mutating func number() throws(QueryError) -> Int {
        var value = 0
        let start = position
        while let digit = current?.value, 0x30...0x39 ~= digit {
            value = value * 10 + Int(digit - 0x30)
            // More copies than steps are allowed cannot be compiled anyway.
            if value > ValueLimits.patternStepsMax { throw failure("a repetition count is too large") }
            position += 1
        }
        if position == start { throw failure("a number is expected") }
        return value
    }

    private mutating func atom() throws(QueryError) -> PatternNode {
        let scalar = try next("a character")
        switch scalar {
        case "(": return try group()
        case "[": return .one(try characterClass().prepared())
        case ".": return .one(CharacterClass.any(withLines: flags.dotMatchesLines).prepared())
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .lastLineEnd)
        case "\\": return try escape()
        case "*", "+", "?", "{":
            position -= 1
            throw failure("there is nothing to repeat")
        default: return literal(scalar.value)
        }
    }

    private func literal(_ value: UInt32) -> PatternNode {
        var one = CharacterClass(value)
        one.ignoresCase = flags.ignoresCase
        return .one(one.prepared())
    }

    private mutating func group() throws(QueryError) -> PatternNode {
        let outer = flags
        if take("?") {
            if take("<") {
                if current == "=" || current == "!" { throw failure("lookbehind is not supported") }
                while try next("the group's name") != ">" {}
            } else if current == "=" || current == "!" || current == ">" {
                throw failure("lookahead and atomic groups are not supported")
            } else if !take(":") {
                let endsHere = try flagGroup()
                // Flags without a colon hold up to the end of the group around them.
                if endsHere { return .empty }
            }
        }
        let node = try alternatives()
        guard take(")") else { throw failure("a '(' without ')'") }
        flags = outer
        return node
    }

    /// True if the group ends with its flags, false if it goes on after a colon.
    private mutating func flagGroup() throws(QueryError) -> Bool {
        var isOn = true
        while true {
            switch try next("a flag") {
            case "-": isOn = false
            case "i": flags.ignoresCase = isOn
            case "s": flags.dotMatchesLines = isOn
            case "m": flags.isMultiline = isOn
            // Case is ignored by Unicode's rules anyway.
            case "u": break
            case ")": return true
            case ":": return false
            default:
                position -= 1
                throw failure("the flags are i, s, m and u")
            }
        }
    }

    // MARK: Escapes

    private mutating func escape() throws(QueryError) -> PatternNode {
        let scalar = try next("an escaped character")
        switch scalar {
        case "A": return .assertion(.textStart)
        case "z": return .assertion(.textEnd)
        case "Z": return .assertion(.lastLineEnd)
        case "b": return .assertion(.wordBoundary)
        case "B": return .assertion(.noWordBoundary)
        case "Q": return quotation()
        case "R":
            var line = CharacterClass(.verticalSpace, isNegated: false)
            line.ignoresCase = false
            let pair = PatternNode.sequence([.one(CharacterClass(0x0D).prepared()), .one(CharacterClass(0x0A).prepared())])
            return .alternatives([pair, .one(line.prepared())])
        case "1"..."9", "k": throw failure("back references are not supported")
        default: break
        }
        position -= 1
        var result = try escapedClass()
        result.ignoresCase = flags.ignoresCase
        return .one(result.prepared())
    }

    /// Up to `\E` or the end, everything stands for itself.
    private mutating func quotation() -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current {
            position += 1
            if scalar == "\\", take("E") { break }
            nodes.append(literal(scalar.value))
        }
        return .sequence(nodes)
    }

    /// An escape that stands for a set or for one code point, inside and outside of brackets.
    private mutating func escapedClass() throws(QueryError) -> CharacterClass {
        let scalar = try next("an escaped character")
        switch scalar {
        case "d", "D": return CharacterClass(.digit, isNegated: scalar == "D")
        case "w", "W": return CharacterClass(.word, isNegated: scalar == "W")
        case "s", "S": return CharacterClass(.space, isNegated: scalar == "S")
        case "h", "H": return CharacterClass(.horizontalSpace, isNegated: scalar == "H")
        case "v", "V": return CharacterClass(.verticalSpace, isNegated: scalar == "V")
        case "p", "P": return try property(isNegated: scalar == "P")
        case "t": return CharacterClass(0x09)
        case "n": return CharacterClass(0x0A)
        case "r": return CharacterClass(0x0D)
        case "f": return CharacterClass(0x0C)
        case "a": return CharacterClass(0x07)
        case "e": return CharacterClass(0x1B)
        case "x":
            if take("{") {
                let value = try hexadecimal(digits: 1...6)
                guard take("}") else { throw failure("a '}' is expected") }
                return CharacterClass(value)
            }
            return CharacterClass(try hexadecimal(digits: 2...2))
        case "u": return CharacterClass(try hexadecimal(digits: 4...4))
        case "a"..."z", "A"..."Z", "0"..."9": throw failure("there is no escape '\\\(scalar)'")
        default: return CharacterClass(scalar.value)
        }
    }

    private mutating func hexadecimal(digits: ClosedRange<Int>) throws(QueryError) -> UInt32 {
        var value: UInt32 = 0
        var count = 0
        while count < digits.upperBound, let scalar = current, let digit = Character(scalar).hexDigitValue, scalar.isASCII {
            value = value &<< 4 | UInt32(digit)
            count += 1
            position += 1
        }
        guard digits.contains(count), value <= 0x10FFFF else { throw failure("a code point in hexadecimal digits is expected") }
        return value
    }

    private mutating func property(isNegated: Bool) throws(QueryError) -> CharacterClass {
        var name = String(try next("the name of a property"))
        if name == "{" {
            name = ""
            while true {
                let scalar = try next("a '}'")
                if scalar == "}" { break }
                name.unicodeScalars.append(scalar)
            }
        }
        guard var result = CharacterClass.Property.named(name) else { throw failure("there is no property '\(name)'") }
        result.isNegated = isNegated
        return result
    }

    // MARK: Classes in brackets

    /// After the bracket that opens it.
    private mutating func characterClass() throws(QueryError) -> CharacterClass {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ValueLimits.patternNestingMax else { throw failure("classes nest too deep") }
        var result = CharacterClass()
        result.isNegated = take("^")
        result.ignoresCase = flags.ignoresCase
        try members(of: &result)
        return result
    }

    private mutating func members(of result: inout CharacterClass) throws(QueryError) {
        var isFirst = true
        while true {
            let scalar = try next("a ']'")
            if scalar == "]" && !isFirst { return }
            isFirst = false
            if scalar == "[" {
                result.unions.append(try characterClass())
            } else if scalar == "&", current == "&" {
                position += 1
                // The rest of the brackets is the other side.
                var right = CharacterClass()
                right.ignoresCase = flags.ignoresCase
                try members(of: &right)
                result.intersections.append(right)
                return
            } else {
                try member(scalar, of: &result)
            }
        }
    }

    private mutating func member(_ scalar: Unicode.Scalar, of result: inout CharacterClass) throws(QueryError) {
        guard let first = try endOfRange(scalar, &result) else { return }
        let isRange = current == "-" && position + 1 < pattern.count && pattern[position + 1] != "]"
            && pattern[position + 1] != "["
        guard isRange else {
            result.ranges.append(first...first)
            return
        }
        position += 1
        guard let last = try endOfRange(try next("the end of a range"), &result), first <= last else {
            throw failure("the range in brackets is not valid")
        }
        result.ranges.append(first...last)
    }

    /// The code point that the character, or the escape it opens, stands for; nil if it is a set, which is then added.
    private mutating func endOfRange(_ scalar: Unicode.Scalar, _ result: inout CharacterClass) throws(QueryError) -> UInt32? {
        guard scalar == "\\" else { return scalar.value }
        let escaped = try escapedClass()
        if escaped.properties.isEmpty, !escaped.isNegated, escaped.ranges.count == 1, let range = escaped.ranges.first,
            range.lowerBound == range.upperBound
        {
            return range.lowerBound
        }
        result.unions.append(escaped)
        return nil
    }
}
