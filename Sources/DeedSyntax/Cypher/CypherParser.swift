// The parser of Cypher: recursive descent over the tokens, one function per construct, in the extensions beside this file.
//
// 1. The lexer makes the tokens. The parser looks at the current one, and rarely a few ahead; it never goes back.
// 2. Operators are parsed by precedence climbing, so that a level of parentheses costs five calls and not fifteen.
// 3. Whatever recursion there is, is counted: `nesting` for the parser's own stack, `height` for the tree it makes.
// 4. Rules that only syntax can tell (which clause may follow which, what CREATE takes) are checked on the way.

/// Parses one statement, with a semicolon behind it or without.
///
/// `lifting` is what `normalizeCypher` said of the same text: the literals it lists become parameters of the names given
/// there, while ranges, and the texts that name columns, stay those of `text`.
/// `stackStart`: where on the stack that began which the parser is part of.
package func parseCypher(
    _ text: String, lifting: NormalizedQuery? = nil, stackStart: UInt = stackAddress()
) throws(SyntaxError) -> Statement {
    var text = text
    let result: Result<Statement, SyntaxError> = text.withUTF8 { bytes in
        do throws(SyntaxError) {
            let tokens = if let lifting { lifting.tokens } else { try Lexer.tokens(of: bytes, keywords: Keyword.table) }
            var parser = CypherParser(bytes, tokens, lifting?.sites ?? [], stackStart: stackStart)
            return .success(try parser.statement())
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

struct CypherParser: ExpressionParser {
    typealias Word = Keyword

    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: [Token]
    let lifted: [NormalizedQuery.Site]
    var index = 0
    var nesting = 0
    let stackStart: UInt
    var height = 0
    /// Within `[x IN list WHERE x:A | x.name]` and the like a bar ends the expression, and is no part of `x:A`.
    var barEndsExpression = false
    /// What could stand where a clause has ended, beside the next clause; said when something else does.
    var continuation: StaticString = ""

    static let repeatsColon = true

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ tokens: [Token], _ lifted: [NormalizedQuery.Site], stackStart: UInt) {
        (self.bytes, self.tokens, self.lifted, self.stackStart) = (bytes, tokens, lifted, stackStart)
    }

    mutating func name(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name {
        let token = current
        switch token.kind {
        case .word:
            advance()
            return Name(text(token), token.range)
        case .quotedWord:
            advance()
            return Name(Literals.quotedName(bytes, token.range), token.range)
        default:
            throw unexpected(what())
        }
    }

    // MARK: Errors

    func remedy(for token: Token) -> String? {
        switch token.kind {
        case .exclamationEqual: return "Inequality is written as <>"
        case .doubleEqual: return "Equality is written as ="
        case .ampersand where peek(1).kind == .ampersand: return "Conjunction is written as AND"
        case .string where index > 0 && tokens[index - 1].kind == .string && tokens[index - 1].end == token.start:
            return "A quote within a string is written as \\' or \\\""
        default: return nil
        }
    }
}
