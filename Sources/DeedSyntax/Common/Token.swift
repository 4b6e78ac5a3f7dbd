// What the lexer makes of a text: tokens of 16 bytes that point into it. Nothing is copied until the parser wants a name
// or a literal.

enum TokenKind: UInt8 {
    case endOfText
    /// A name or a keyword; then `keyword` is its code.
    case word
    /// A name in backticks, or in SQL in double quotes.
    case quotedWord
    case integer, float
    /// Digits with something behind them that no number has.
    case malformedNumber
    case string
    /// `$name`, `$1` or $`name`; `?` in SQL.
    case parameter
    case openParenthesis, closeParenthesis, openBracket, closeBracket, openBrace, closeBrace
    case comma, dot, dotDot, colon, doubleColon, semicolon, bar, doubleBar, ampersand, exclamation, percent
    case plus, plusEqual, minus, star, slash, caret
    case equal, equalTilde, notEqual, less, lessOrEqual, greater, greaterOrEqual
    /// `!=` and `==`, which other languages have.
    case exclamationEqual, doubleEqual
    /// Operators that SQL has: -> ->> #> #>> @> <@ && # << >> ~ ~* !~ !~* ~~ ~~* !~~ !~~*
    case arrow, textArrow, hashArrow, textHashArrow, contains, containedIn, overlaps, hash, shiftLeft, shiftRight
    case tilde, tildeStar, notTilde, notTildeStar, doubleTilde, doubleTildeStar, notDoubleTilde, notDoubleTildeStar

    /// The sign itself; nil for tokens that have a text of their own.
    var sign: String? {
        switch self {
        case .endOfText, .word, .quotedWord, .integer, .float, .malformedNumber, .string, .parameter: nil
        case .openParenthesis: "("
        case .closeParenthesis: ")"
        case .openBracket: "["
        case .closeBracket: "]"
        case .openBrace: "{"
        case .closeBrace: "}"
        case .comma: ","
        case .dot: "."
        case .dotDot: ".."
        case .colon: ":"
        case .doubleColon: "::"
        case .semicolon: ";"
        case .bar: "|"
        case .doubleBar: "||"
        case .ampersand: "&"
        case .exclamation: "!"
        case .percent: "%"
        case .plus: "+"
        case .plusEqual: "+="
        case .minus: "-"
        case .star: "*"
        case .slash: "/"
        case .caret: "^"
        case .equal: "="
        case .equalTilde: "=~"
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .exclamationEqual: "!="
        case .doubleEqual: "=="
        case .arrow: "->"
        case .textArrow: "->>"
        case .hashArrow: "#>"
        case .textHashArrow: "#>>"
        case .contains: "@>"
        case .containedIn: "<@"
        case .overlaps: "&&"
        case .hash: "#"
        case .shiftLeft: "<<"
        case .shiftRight: ">>"
        case .tilde: "~"
        case .tildeStar: "~*"
        case .notTilde: "!~"
        case .notTildeStar: "!~*"
        case .doubleTilde: "~~"
        case .doubleTildeStar: "~~*"
        case .notDoubleTilde: "!~~"
        case .notDoubleTildeStar: "!~~*"
        }
    }
}

struct Token {
    var kind: TokenKind
    /// Code of the keyword in the language's table; 0 for every other token.
    var keyword: UInt8
    var start: UInt32
    var end: UInt32
    /// Of an opening bracket, the token that closes it; -1 where there is none, and for all other tokens.
    var partner: Int32

    var range: SourceRange { Int(start)..<Int(end) }
}
