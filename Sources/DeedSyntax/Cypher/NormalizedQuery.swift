// The normal form of a query, by which plans are kept: queries of the same key mean the same, save for the literals that
// were lifted out of them. It takes one pass over the tokens and no parsing.
//
// 1. Space and comments become single spaces.
// 2. Keywords become upper case, but only where a word cannot be a name.
// 3. Integers, floats and strings become parameters. Equal ones become the same parameter, since expressions are compared
//    with each other (grouping, ORDER BY); the parameter's name says the literal's type, so that type errors are the same.
// 4. What names a column is kept byte for byte: items of RETURN without an alias. (In WITH they are variables.)
//
// Literals stay where the parser wants a number and no expression (lengths, quantifiers, SHORTEST k, slices, which look
// alike; also behind `*`) or a plain string (FIELDTERMINATOR). The key is itself a query that means the same.

import Glibc

package struct NormalizedQuery: Sendable {
    package enum Literal: Sendable, Equatable {
        case integer(Int64)
        case float(Double)
        case string(String)
    }

    /// Where a literal was, in bytes of the text, and the parameter that stands for it.
    package struct Site: Sendable, Equatable {
        package let offset: Int
        package let parameter: String
    }

    package let key: String
    /// In the order of the text; `parseCypher` takes them as `lifting`.
    package let sites: [Site]
    /// The value of each parameter.
    package let values: [(parameter: String, value: Literal)]
    /// Of the text, for the parser.
    let tokens: [Token]
}

/// The normal form of the query; nil where there is none: the text has errors that the lexer finds, it is a command on
/// the schema or transactions, or it has too many literals.
package func normalizeCypher(_ text: String) -> NormalizedQuery? {
    var text = text
    return text.withUTF8 { bytes in
        guard let tokens = try? Lexer.tokens(of: bytes, keywords: Keyword.table), tokens.count > 1 else { return nil }
        let commands = KeywordSet(.begin, .commit, .rollback, .drop, .show)
        if commands.contains(tokens[0].keyword) { return nil }
        if isCommand(tokens) {
            return nil
        }
        var normalizer = Normalizer(bytes, tokens, unfolded: KeywordSet())
        guard var key = normalizer.run() else { return nil }
        // A word that is a keyword here and the name of a variable there is left as it is everywhere.
        if normalizer.folded.intersects(normalizer.named) {
            normalizer = Normalizer(bytes, tokens, unfolded: normalizer.named)
            guard let other = normalizer.run() else { return nil }
            key = other
        }
        return NormalizedQuery(key: key, sites: normalizer.sites, values: normalizer.values, tokens: tokens)
    }
}

/// The parameters that stand for literals of the text: the name says what the literal was, so that type errors are the same.
package enum LiftedLiteral: Int, CaseIterable {
    case integer, float, string

    /// Parameters of the user never begin so: `normalizeCypher` gives up where one does.
    static let prefix = "literal "
    /// How much longer a key gets by one of them, at most.
    static let sizeMax = 32
    private static let names = allCases.map { kind in
        (0..<SyntaxLimits.liftedLiteralsMax).map { number in "\(prefix)\(kind) \(number)" }
    }

    static func name(_ literal: NormalizedQuery.Literal, _ number: Int) -> String {
        let kind: LiftedLiteral =
            switch literal {
            case .integer: .integer
            case .float: .float
            case .string: .string
            }
        return names[kind.rawValue][number]
    }

    /// nil for a parameter of the user.
    package init?(parameter: String) {
        var parameter = parameter
        let found = parameter.withUTF8 { bytes -> LiftedLiteral? in
            guard bytes.count > Self.prefix.utf8.count, bytes[0] == UInt8(ascii: "l"), bytes.starts(with: Self.prefix.utf8) else {
                return nil
            }
            let rest = bytes[Self.prefix.utf8.count...]
            return Self.words.first { rest.starts(with: $0.word) }?.kind
        }
        guard let found else { return nil }
        self = found
    }

    private static let words = allCases.map { kind in (word: Array("\(kind) ".utf8), kind: kind) }
}

/// Bytes put one behind the other into memory that is there already.
private struct KeyWriter {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0
    /// True if something had no room.
    private(set) var isFull = false

    init(_ memory: UnsafeMutableBufferPointer<UInt8>) { self.memory = memory }

    mutating func append(_ byte: UInt8) {
        if count == memory.count {
            isFull = true
        } else {
            memory[count] = byte
            count += 1
        }
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let target = memory.baseAddress, let source = bytes.baseAddress, bytes.count <= memory.count - count else {
            isFull = isFull || !bytes.isEmpty
            return
        }
        memcpy(target + count, source, bytes.count)
        count += bytes.count
    }
}

/// Whether CREATE stands before something else than a pattern.
private func isCommand(_ tokens: [Token]) -> Bool {
    guard tokens[0].keyword == Keyword.create.rawValue else { return false }
    return tokens[1].kind != .openParenthesis && (tokens.count < 3 || tokens[2].kind != .equal)
}

private struct Normalizer {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let tokens: [Token]
    private let unfolded: KeywordSet
    private var key = KeyWriter(UnsafeMutableBufferPointer(start: nil, count: 0))
    private(set) var sites: [NormalizedQuery.Site] = []
    private(set) var values: [(parameter: String, value: NormalizedQuery.Literal)] = []
    /// Keywords that became upper case, and those that may be names of variables.
    private(set) var folded = KeywordSet()
    private(set) var named = KeywordSet()
    private var parameters: [Identity: String] = [:]
    /// So many values are compared one by one: hashing would take longer.
    private static let fewMax = 16
    /// The brackets that are open, and whether a projection is being gone through directly inside; first, outside of all.
    private var open: [(kind: TokenKind, inProjection: Bool)] = [(.endOfText, false)]

    /// Keywords that are made upper case. Names of functions are not among them.
    private static let foldable = KeywordSet.structure.union(KeywordSet.neverVariables).union(
        KeywordSet(.explain, .profile, .exists, .csv, .headers, .from, .transactions, .of, .rows))
    /// Behind these a variable gets its name; other places where one does are next to brackets, commas and `=`.
    private static let beforeVariables = KeywordSet(.as, .yield)

    /// A literal by its bits: comparing strings as such would take different ones for equal.
    private enum Identity: Hashable {
        case integer(Int64), float(UInt64), string([UInt8])
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ tokens: [Token], unfolded: KeywordSet) {
        (self.bytes, self.tokens, self.unfolded) = (bytes, tokens, unfolded)
    }

    /// The key; nil where the query has no normal form.
    mutating func run() -> String? {
        // Each token with a space, and literals as names.
        let literals = tokens.count { Self.isLiteral($0.kind) }
        let size = bytes.count + tokens.count + literals * LiftedLiteral.sizeMax
        var isNormal = false
        let text = String(unsafeUninitializedCapacity: size) { memory in
            key = KeyWriter(memory)
            isNormal = write() && !key.isFull
            return key.count
        }
        return isNormal ? text : nil
    }

    private static func isLiteral(_ kind: TokenKind) -> Bool { kind == .integer || kind == .float || kind == .string }

    /// False where there is no normal form.
    private mutating func write() -> Bool {
        // Where the items of a projection end that are kept as they are.
        var verbatimEnd = 0
        for index in 0..<tokens.count - 1 {
            let token = tokens[index]
            if !track(token) { return false }
            if index < verbatimEnd {
                // Up to the next token, with all the space there is between.
                let end = index + 1 < verbatimEnd ? Int(tokens[index + 1].start) : Int(token.end)
                copy(Int(token.start)..<end)
                if isReserved(token) { return false }
                continue
            }
            if key.count > 0 { key.append(0x20) }
            if !append(token, index) { return false }
            if beginsItem(index), let end = itemEnd(index + 1), end > index + 1 {
                verbatimEnd = end
                key.append(0x20)
            }
        }
        return true
    }

    private mutating func track(_ token: Token) -> Bool {
        switch token.kind {
        case .openParenthesis, .openBracket, .openBrace:
            open.append((token.kind, false))
            return open.count <= SyntaxLimits.nestingMax
        case .closeParenthesis, .closeBracket, .closeBrace:
            if open.count > 1 { open.removeLast() }
            return true
        default:
            return true
        }
    }

    private mutating func append(_ token: Token, _ index: Int) -> Bool {
        switch token.kind {
        case .integer, .float, .string:
            guard mayLift(index) else { break }
            guard let literal = literal(token) else { return false }
            guard let parameter = parameter(for: literal) else { return false }
            sites.append(NormalizedQuery.Site(offset: Int(token.start), parameter: parameter))
            key.append(UInt8(ascii: "$"))
            key.append(UInt8(ascii: "`"))
            var name = parameter
            name.withUTF8 { key.append($0) }
            key.append(UInt8(ascii: "`"))
            return true
        case .word where mayFold(token, index):
            Keyword.codes[Int(token.keyword)].withUnsafeBufferPointer { key.append($0) }
            return true
        case .parameter where isReserved(token), .malformedNumber:
            return false
        default:
            break
        }
        copy(token.range)
        return true
    }

    private mutating func copy(_ range: SourceRange) {
        key.append(UnsafeBufferPointer(rebasing: bytes[range]))
    }

    private func isReserved(_ token: Token) -> Bool {
        guard token.kind == .parameter, bytes[Int(token.start) + 1] == UInt8(ascii: "`") else { return false }
        return Literals.text(bytes, token.range).utf8.dropFirst(2).starts(with: LiftedLiteral.prefix.utf8)
    }

    // MARK: Words

    /// Whether the word is a keyword here, whatever else the query has. Takes note of what may be variables.
    private mutating func mayFold(_ token: Token, _ index: Int) -> Bool {
        guard token.keyword != 0 && Self.foldable.contains(token.keyword) && !unfolded.contains(token.keyword) else { return false }
        switch tokens[index + 1].kind {
        case .dot: return false
        case .equal, .colon: return noteName(token)
        default: break
        }
        let isHard = KeywordSet.neverVariables.contains(token.keyword)
        if index > 0 {
            let previous = tokens[index - 1]
            switch previous.kind {
            case .dot, .colon, .bar, .ampersand, .exclamation:
                return false
            case .openParenthesis, .openBracket, .comma:
                if !isHard { return noteName(token) }
            case .word:
                if previous.keyword == Keyword.is.rawValue {
                    if token.keyword != Keyword.not.rawValue && token.keyword != Keyword.null.rawValue { return false }
                } else if Self.beforeVariables.contains(previous.keyword) {
                    return noteName(token)
                }
            default: break
            }
        }
        folded.insert(token.keyword)
        return true
    }

    private mutating func noteName(_ token: Token) -> Bool {
        named.insert(token.keyword)
        return false
    }

    // MARK: Literals

    private func mayLift(_ index: Int) -> Bool {
        let next = tokens[index + 1].kind
        guard index > 0 else { return false }
        let previous = tokens[index - 1]
        if tokens[index].kind == .string { return previous.keyword != Keyword.fieldTerminator.rawValue }
        switch previous.kind {
        case .star, .dotDot, .openBrace: return false
        // The second bound of `{1,3}`; items of a list are in brackets.
        case .comma where open.last?.kind == .openBrace: return false
        case .word where [Keyword.shortest, .any].contains { $0.rawValue == previous.keyword }: return false
        default: return next != .dotDot
        }
    }

    private func literal(_ token: Token) -> NormalizedQuery.Literal? {
        switch token.kind {
        case .integer: (try? Literals.integer(bytes, token.range, isNegative: false)).map { .integer($0) }
        case .float: (try? Literals.float(bytes, token.range)).map { .float($0) }
        default: (try? Literals.string(bytes, token.range)).map { .string($0) }
        }
    }

    private mutating func parameter(for literal: NormalizedQuery.Literal) -> String? {
        if values.count <= Self.fewMax {
            if let known = values.first(where: { Self.areSame($0.value, literal) }) { return known.parameter }
        } else if let known = parameters[Self.identity(literal)] {
            return known
        }
        guard values.count < SyntaxLimits.liftedLiteralsMax else { return nil }
        let name = LiftedLiteral.name(literal, values.count)
        values.append((name, literal))
        if values.count > Self.fewMax {
            for value in values[(parameters.isEmpty ? 0 : values.count - 1)...] {
                parameters[Self.identity(value.value)] = value.parameter
            }
        }
        return name
    }

    private static func areSame(_ left: NormalizedQuery.Literal, _ right: NormalizedQuery.Literal) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left.bitPattern == right.bitPattern
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    private static func identity(_ literal: NormalizedQuery.Literal) -> Identity {
        switch literal {
        case .integer(let value): .integer(value)
        case .float(let value): .float(value.bitPattern)
        case .string(let value): .string(Array(value.utf8))
        }
    }

    // MARK: Items of projections

    /// Whether an item of RETURN begins behind the token.
    private mutating func beginsItem(_ index: Int) -> Bool {
        let token = tokens[index]
        if token.keyword == Keyword.return.rawValue {
            // Also where the word is a name: what follows is kept as it is, which is safe.
            open[open.count - 1].inProjection = true
            return true
        }
        if endsItem(index) { open[open.count - 1].inProjection = false }
        return token.kind == .comma && open[open.count - 1].inProjection
    }

    /// The index of the token behind the item that begins at the token; nil where it has an alias.
    private func itemEnd(_ start: Int) -> Int? {
        var position = start
        while position < tokens.count - 1 {
            let token = tokens[position]
            if token.partner >= 0 {
                position = Int(token.partner) + 1
                continue
            }
            switch token.kind {
            case .comma, .closeParenthesis, .closeBracket, .closeBrace, .semicolon: return position
            case .word where position > start && token.keyword == Keyword.as.rawValue: return nil
            case .word where position > start && endsItem(position): return position
            default: position += 1
            }
        }
        return position
    }

    /// Whether the token is a keyword that cannot be within an item: it stands behind an operand, where no name can be.
    private func endsItem(_ index: Int) -> Bool {
        guard index > 0, Self.itemEnds.contains(tokens[index].keyword) else { return false }
        let previous = tokens[index - 1]
        switch previous.kind {
        case .word:
            // Behind a dot it is the name of a property, whatever it is called.
            return !Self.beforeOperands.contains(previous.keyword) || index > 1 && tokens[index - 2].kind == .dot
        case .star:
            // `RETURN * ORDER BY`, but not `RETURN a * order.count`.
            return index > 1 && Self.beforeOperands.contains(tokens[index - 2].keyword)
        case .quotedWord, .integer, .float, .string, .parameter, .closeParenthesis, .closeBracket, .closeBrace: return true
        default: return false
        }
    }

    private static let itemEnds = KeywordSet.clauses.union(KeywordSet(.order, .skip, .offset, .limit, .union, .where))
    private static let beforeOperands = KeywordSet(
        .return, .with, .distinct, .not, .and, .or, .xor, .in, .contains, .starts, .ends, .is, .case, .when, .then, .else)
}
