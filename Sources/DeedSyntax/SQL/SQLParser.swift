// The parser of SQL, in PostgreSQL's dialect: recursive descent over the tokens, one function per construct, in the extensions
// beside this file. What it shares with the parser of Cypher is in Common/TokenParser.swift.
//
// 1. The lexer makes the tokens. The parser looks at the current one, and rarely a few ahead; it never goes back.
// 2. Operators are parsed by precedence climbing.
// 3. Whatever recursion there is, is counted: `nesting` for the parser's own stack, `height` for the tree it makes. Lists of
//    any kind (rows, items, conditions, set operations) are loops, and take no stack.
// 4. Which words may be names follows PostgreSQL's classes of keywords, in SQLKeyword.swift.

/// Parses one statement, with a semicolon behind it or without. `stackStart`: where on the stack that began which the parser is part of.
package func parseSQL(_ text: String, stackStart: UInt = stackAddress()) throws(SyntaxError) -> SQLStatement {
    var text = text
    let result: Result<SQLStatement, SyntaxError> = text.withUTF8 { bytes in
        do throws(SyntaxError) {
            let tokens = try Lexer.tokens(of: bytes, keywords: SQLKeyword.lookup, dialect: .sql)
            var parser = SQLParser(bytes, tokens, stackStart: stackStart)
            return .success(try parser.wholeStatement())
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

/// Where the statements of a text are, without their semicolons.
package func splitSQL(_ text: String) throws(SyntaxError) -> [SourceRange] {
    var text = text
    let result: Result<[Token], SyntaxError> = text.withUTF8 { bytes in
        do throws(SyntaxError) {
            return .success(try Lexer.tokens(of: bytes, keywords: SQLKeyword.lookup, dialect: .sql))
        } catch {
            return .failure(error)
        }
    }
    return try result.get().split { $0.kind == .semicolon || $0.kind == .endOfText }.compactMap { statement in
        guard let first = statement.first, let last = statement.last else { return nil }
        return Int(first.start)..<Int(last.end)
    }
}

struct SQLParser: ExpressionParser {
    typealias Word = SQLKeyword

    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: [Token]
    var index = 0
    var nesting = 0
    let stackStart: UInt
    var height = 0
    var barEndsExpression = false
    static let repeatsColon = false
    /// Parameters written as `?` so far, which have numbers by that.
    var unnamedParameters = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ tokens: [Token], stackStart: UInt = stackAddress()) {
        (self.bytes, self.tokens, self.stackStart) = (bytes, tokens, stackStart)
    }

    mutating func labelName() throws(SyntaxError) -> Name { try label("a label or type") }

    /// The keyword at hand; nil where there is none.
    var keyword: SQLKeyword? { current.keyword == 0 ? nil : SQLKeyword(rawValue: current.keyword) }

    func isAhead(_ ahead: Int, _ keyword: SQLKeyword) -> Bool { peek(ahead).keyword == keyword.rawValue }

    // MARK: Names

    /// Whether the token can name a column, a table or the like.
    func namesColumn(_ token: Token) -> Bool {
        token.kind == .quotedWord || token.kind == .word && SQLKeyword.namesColumns(token.keyword)
    }

    /// The name of a column, a table or the like; `what` says what it names, in errors.
    mutating func name(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name {
        guard namesColumn(current) else { throw unexpectedName(what()) }
        return try takenName()
    }

    /// A name behind AS or a dot, where every word is one.
    mutating func label(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name {
        guard isName(current) else { throw unexpected(what()) }
        return try takenName()
    }

    private mutating func takenName() throws(SyntaxError) -> Name {
        let token = current
        let isQuoted = token.kind == .quotedWord
        let text = isQuoted ? try SQLLiterals.quotedName(bytes, token.range) : text(token)
        advance()
        return Name(text, token.range, isQuoted: isQuoted)
    }

    private func unexpectedName(_ what: String) -> SyntaxError {
        guard at(.word) else { return unexpected(what) }
        return failure(
            "Expected \(what), but found \(description(of: current)), which is reserved; as a name it needs double quotes")
    }

    /// `a`, `a.b`, `a.b.c`
    mutating func objectName(_ what: @autoclosure () -> String) throws(SyntaxError) -> ObjectName {
        var parts = [try name(what())]
        while accept(.dot) { parts.append(try label("a name")) }
        return ObjectName(parts)
    }

    mutating func objectNames(_ what: String) throws(SyntaxError) -> [ObjectName] {
        try commaSeparated { (parser) throws(SyntaxError) in try parser.objectName(what) }
    }

    /// `AS name`, or a name that no keyword is which could go on with the statement.
    mutating func optionalAlias() throws(SyntaxError) -> Name? {
        if accept(.as) { return try name("a name") }
        guard namesColumn(current), !at(.set) else { return nil }
        return try takenName()
    }

    /// `IF EXISTS`
    mutating func acceptIfExists() -> Bool { accept(.if, .exists) }

    mutating func acceptIfNotExists() throws(SyntaxError) -> Bool {
        guard accept(.if, .not) else { return false }
        try expect(.exists)
        return true
    }

    // MARK: Errors

    func remedy(for token: Token) -> String? {
        switch token.kind {
        case .quotedWord: "Double quotes are for names; strings have single ones"
        case .doubleEqual: "Equality is written as ="
        default: nil
        }
    }
}
