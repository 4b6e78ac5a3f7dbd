// The keywords of Cypher. None of them is reserved: each may name labels, types, properties, functions and, where the
// place leaves no doubt, variables.

enum Keyword: UInt8, CaseIterable, ExpressionKeyword {
    case notKeyword = 0
    case acyclic, all, allShortestPaths, and, any, `as`, asc, ascending, begin, `break`, by, call, `case`, collect, commit
    case constraint, constraints, contains, `continue`, count, create, csv, delete, desc, descending, detach, distinct, drop
    case `else`, end, ends, error, exists, explain, fail, `false`, fieldTerminator, finish, `for`, forEach, from, functions, group, groups
    case headers, `if`, `in`, index, indexes, `is`, join, key, limit, load, match, merge, node, noDetach, none, not, null
    case of, offset, on, optional, or, order, path, paths, procedures, profile, range, reduce, rel, relationship, remove, report, require
    case `return`, rollback, row, rows, scan, set, shortest, shortestPath, show, single, skip, starts, status, then, trail
    case transaction, transactions, `true`, typed, union, unique, unwind, using, walk, when, `where`, with, xor, yield

    static let texts: [String] = allCases.map { "\($0)".uppercased() }
    /// The same in bytes.
    static let codes: [[UInt8]] = texts.map { Array($0.utf8) }
    static let table = KeywordTable(Array(texts.dropFirst()))

    /// In upper case.
    var text: String { Self.texts[Int(rawValue)] }
}

/// All keywords, in upper case, for lists and tests.
package let cypherKeywords = Array(Keyword.texts.dropFirst())

/// Sets of keywords, as bits: room for 128.
struct KeywordSet {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ keywords: Keyword...) {
        for keyword in keywords { insert(keyword.rawValue) }
    }

    var isEmpty: Bool { low | high == 0 }

    mutating func insert(_ code: UInt8) {
        if code < 64 { low |= 1 << UInt64(code) } else { high |= 1 << UInt64(code & 63) }
    }

    func contains(_ code: UInt8) -> Bool {
        (code < 64 ? low >> UInt64(code) : high >> UInt64(code & 63)) & 1 != 0
    }

    func union(_ other: KeywordSet) -> KeywordSet {
        var result = self
        (result.low, result.high) = (low | other.low, high | other.high)
        return result
    }

    func intersects(_ other: KeywordSet) -> Bool { low & other.low != 0 || high & other.high != 0 }

    /// Those that are operators or values wherever an expression is wanted.
    static let neverVariables = KeywordSet(.not, .case, .null, .true, .false, .distinct)
    /// Those that begin a clause.
    static let clauses = KeywordSet(
        .match, .optional, .unwind, .with, .return, .create, .merge, .set, .remove, .delete, .detach, .noDetach, .call,
        .forEach, .load, .finish)
    /// Those that end an expression or go on with it; as operands they are variables only if what follows says so.
    static let structure = clauses.union(
        KeywordSet(
            .union, .where, .order, .skip, .offset, .limit, .and, .or, .xor, .in, .is, .as, .starts, .ends, .contains, .when,
            .then, .else, .end, .on, .yield, .by, .using, .asc, .ascending, .desc, .descending))
}
