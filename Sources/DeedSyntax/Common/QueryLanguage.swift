// In which language a text is written. It is told by how the first statement begins, and never by a word that both have:
//
//     SELECT, INSERT, UPDATE, VALUES, TABLE, TRUNCATE, ALTER, PREPARE, EXECUTE, DEALLOCATE, SAVEPOINT, RELEASE, START, END,
//     ABORT                                                                                            SQL
//     (( ... SELECT, VALUES, WITH or TABLE behind parentheses                                          SQL
//     DELETE FROM; MERGE INTO; SET TRANSACTION                                                         SQL
//     CREATE TABLE, EDGE TABLE, TEMP, TEMPORARY, UNLOGGED, GLOBAL, LOCAL, VIEW, SEQUENCE, OR REPLACE   SQL
//     CREATE [UNIQUE] INDEX [IF NOT EXISTS] [name] ON table; CREATE INDEX CONCURRENTLY                 SQL
//     DROP TABLE, EDGE TABLE, VIEW, SEQUENCE                                                           SQL
//     DROP INDEX CONCURRENTLY; DROP INDEX IF EXISTS name; DROP INDEX name and a comma, a dot, CASCADE or RESTRICT    SQL
//     BEGIN, COMMIT, ROLLBACK, with more behind them than TRANSACTION                                  SQL
//     WITH [RECURSIVE] name [(...)] AS [NOT] [MATERIALIZED] ( and SELECT, VALUES, WITH, TABLE, INSERT, UPDATE, DELETE, MERGE
//     or another parenthesis                                                                           SQL
//     EXPLAIN ANALYZE, VERBOSE or (                                                                    SQL
//     EXPLAIN and anything else: what that is
//     a word of these lists with = behind it, which is the name of a path; everything else             Cypher
//
// Comments of both languages are skipped on the way. What means the same in both is taken for Cypher.

package enum QueryLanguage: Sendable { case cypher, sql }

package func languageOf(_ text: String) -> QueryLanguage {
    var text = text
    return text.withUTF8 { bytes in
        var words = WordScanner(bytes)
        return words.isSQL() ? .sql : .cypher
    }
}

/// Goes through the first words of a text, of which it knows no more than both languages agree on.
private struct WordScanner {
    enum Piece: Equatable {
        /// In upper case.
        case word(String)
        /// A string or a name in quotes of any kind.
        case quoted
        case sign(UInt8)
        case end
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private static let opener = Piece.sign(UInt8(ascii: "("))
    private static let sqlOnly: Set<String> = [
        "SELECT", "INSERT", "UPDATE", "VALUES", "TABLE", "TRUNCATE", "ALTER", "PREPARE", "EXECUTE", "DEALLOCATE", "SAVEPOINT",
        "RELEASE", "START", "END", "ABORT",
    ]
    private static let queries: Set<String> = ["SELECT", "VALUES", "WITH", "TABLE"]
    private static let changes: Set<String> = ["INSERT", "UPDATE", "DELETE", "MERGE"]

    // MARK: The rule

    mutating func isSQL() -> Bool {
        var piece = next()
        while piece == .sign(UInt8(ascii: ";")) { piece = next() }
        if piece == Self.opener { return isParenthesizedQuery() }
        while piece == .word("EXPLAIN") {
            piece = next()
            if piece == Self.opener || piece == .word("ANALYZE") || piece == .word("ANALYSE") || piece == .word("VERBOSE") {
                return true
            }
        }
        guard case .word(let word) = piece else { return false }
        if Self.sqlOnly.contains(word) { return true }
        switch word {
        case "DELETE": return next() == .word("FROM")
        case "MERGE": return next() == .word("INTO") && !isNext("=")
        case "SET": return next() == .word("TRANSACTION") && !isNext(".") && !isNext("=") && !isNext(":")
        case "CREATE": return isCreate()
        case "DROP": return isDrop()
        case "BEGIN", "COMMIT", "ROLLBACK": return isTransaction()
        case "WITH": return isCommonTable()
        default: return false
        }
    }

    private mutating func isParenthesizedQuery() -> Bool {
        var piece = next()
        while piece == Self.opener { piece = next() }
        if case .word(let word) = piece { return Self.queries.contains(word) }
        return false
    }

    private mutating func isCreate() -> Bool {
        guard case .word(let word) = next() else { return false }
        switch word {
        case "TABLE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "VIEW", "SEQUENCE": return !isNext("=")
        case "EDGE": return next() == .word("TABLE")
        case "OR": return next() == .word("REPLACE")
        case "UNIQUE": return next() == .word("INDEX") && isIndex()
        case "INDEX": return !isNext("=") && isIndex()
        default: return false
        }
    }

    /// Whether what follows CREATE INDEX is `[IF NOT EXISTS] [name] ON table`.
    private mutating func isIndex() -> Bool {
        var piece = next()
        if piece == .word("CONCURRENTLY") { return true }
        if piece == .word("IF") {
            guard next() == .word("NOT"), next() == .word("EXISTS") else { return false }
            piece = next()
        }
        if piece == .word("FOR") { return false }
        if piece != .word("ON") {
            guard isName(piece) else { return false }
            piece = next()
        }
        return piece == .word("ON") && isName(next())
    }

    private mutating func isDrop() -> Bool {
        switch next() {
        case .word("TABLE"), .word("VIEW"), .word("SEQUENCE"): return true
        case .word("EDGE"): return next() == .word("TABLE")
        case .word("INDEX"): break
        default: return false
        }
        let name = next()
        if name == .word("CONCURRENTLY") { return true }
        let following = next()
        if name == .word("IF") && following == .word("EXISTS") { return isName(next()) }
        let signs = [Piece.sign(UInt8(ascii: ",")), .sign(UInt8(ascii: ".")), .word("CASCADE"), .word("RESTRICT")]
        return isName(name) && signs.contains(following)
    }

    private mutating func isTransaction() -> Bool {
        var piece = next()
        if piece == .word("TRANSACTION") { piece = next() }
        return piece != .end && piece != .sign(UInt8(ascii: ";"))
    }

    private mutating func isCommonTable() -> Bool {
        var name = next()
        var piece = next()
        if name == .word("RECURSIVE") && piece != .word("AS") && piece != Self.opener {
            name = piece
            piece = next()
        }
        guard isName(name) else { return false }
        if piece == Self.opener {
            skipToCloser()
            piece = next()
        }
        guard piece == .word("AS") else { return false }
        piece = next()
        if piece == .word("NOT") { piece = next() }
        if piece == .word("MATERIALIZED") { piece = next() }
        guard piece == Self.opener else { return false }
        switch next() {
        case Self.opener: return true
        case .word(let word): return Self.queries.contains(word) || Self.changes.contains(word)
        default: return false
        }
    }

    // MARK: Pieces

    private func isName(_ piece: Piece) -> Bool {
        switch piece {
        case .word, .quoted: true
        case .sign, .end: false
        }
    }

    /// Whether the sign is next, which stays.
    private func isNext(_ sign: Unicode.Scalar) -> Bool {
        var copy = self
        return copy.next() == .sign(UInt8(truncatingIfNeeded: sign.value))
    }

    /// Behind the parenthesis that closes the one just taken.
    private mutating func skipToCloser() {
        var depth = 1
        while depth > 0 {
            switch next() {
            case Self.opener: depth += 1
            case .sign(UInt8(ascii: ")")): depth -= 1
            case .end: return
            default: break
            }
        }
    }

    private mutating func next() -> Piece {
        skipSpace()
        guard position < bytes.count else { return .end }
        let start = position
        let byte = bytes[start]
        position += 1
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") {
            while position < bytes.count && bytes[position] != byte { position += 1 }
            position = min(position + 1, bytes.count)
            return .quoted
        }
        guard isInWord(byte) else { return .sign(byte) }
        while position < bytes.count && isInWord(bytes[position]) { position += 1 }
        let word = bytes[start..<position].map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        return .word(String(decoding: word, as: UTF8.self))
    }

    private func isInWord(_ byte: UInt8) -> Bool { isWordByte(byte) || byte >= 0x80 }

    private func peek(_ ahead: Int) -> UInt8 { position + ahead < bytes.count ? bytes[position + ahead] : 0 }

    /// Space, and comments of either language.
    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            if byte <= 0x20 {
                position += 1
            } else if byte >= 0x80, let scalar = decodeScalar(bytes, at: position), Lexer.isSpace(scalar.value) {
                position += scalar.size
            } else if byte == peek(1) && (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/")) {
                while position < bytes.count && bytes[position] != 0x0A && bytes[position] != 0x0D { position += 1 }
            } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                position += 2
                while position < bytes.count && !(bytes[position] == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) { position += 1 }
                position = min(position + 2, bytes.count)
            } else {
                return
            }
        }
    }
}
