// Names of types: `numeric(10, 2)`, `double precision`, `timestamp with time zone`, `text[]`.

extension SQLParser {
    mutating func typeName() throws(SyntaxError) -> TypeName {
        let first = index
        var arguments: [Int64] = []
        let name = try typeWords(&arguments)
        var listDepth = 0
        while at(.openBracket) {
            let opener = index
            advance()
            // A length is allowed, and means nothing.
            if at(.integer) { advance() }
            try close(opener)
            listDepth += 1
        }
        if accept(.array) {
            listDepth += 1
            if at(.openBracket) {
                let opener = index
                advance()
                if at(.integer) { advance() }
                try close(opener)
            }
        }
        return TypeName(name: name, arguments: arguments, listDepth: listDepth, range: range(from: first))
    }

    /// The words of the name, with arguments between them or behind.
    private mutating func typeWords(_ arguments: inout [Int64]) throws(SyntaxError) -> String {
        guard at(.quotedWord) || at(.word) && SQLKeyword.namesFunctions(current.keyword) else { throw unexpected("a type") }
        let first = keyword
        var name = try typeWord()
        while accept(.dot) { name += "." + (try typeWord()) }
        switch first {
        case .double, .national:
            if at(.precision) || at(.char) || at(.character) { name += " " + (try typeWord()) }
            if accept(.varying) { name += " varying" }
        case .character, .char, .nchar, .bit:
            if accept(.varying) { name += " varying" }
        case .interval:
            if let fields = try intervalFields() { name += " " + fields }
        default:
            break
        }
        if at(.openParenthesis) { arguments = try typeArguments() }
        if first == .time || first == .timestamp, at(.with, then: .time) || at(.without, then: .time) {
            name += at(.with) ? " with time zone" : " without time zone"
            advance()
            advance()
            try expect(.zone)
        }
        return name
    }

    private mutating func typeWord() throws(SyntaxError) -> String {
        let word = try label("a type")
        return word.isQuoted ? word.text : word.text.lowercased()
    }

    private mutating func typeArguments() throws(SyntaxError) -> [Int64] {
        let opener = index
        advance()
        let arguments = try commaSeparated { (parser) throws(SyntaxError) in try parser.signedInteger() }
        try close(opener, or: "','")
        return arguments
    }

    /// `YEAR`, `DAY TO SECOND`, and so on; nil where there is none.
    mutating func intervalFields() throws(SyntaxError) -> String? {
        guard let first = intervalField() else { return nil }
        guard accept(.to) else { return first }
        guard let last = intervalField() else { throw unexpected("a unit of time such as MONTH or SECOND") }
        return first + " to " + last
    }

    private mutating func intervalField() -> String? {
        switch keyword {
        case .year, .month, .day, .hour, .minute, .second:
            let word = text(current).lowercased()
            advance()
            return word
        default:
            return nil
        }
    }

    /// A whole number, as options have them.
    mutating func signedInteger() throws(SyntaxError) -> Int64 {
        let isNegative = accept(.minus)
        if !isNegative { _ = accept(.plus) }
        guard at(.integer) else { throw unexpected("a whole number") }
        guard let value = SQLLiterals.integer(bytes, current.range, isNegative: isNegative) else {
            throw failure("IntegerOverflow", "The number is beyond 64 bits", current.range)
        }
        advance()
        return value
    }
}
