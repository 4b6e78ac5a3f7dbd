// The keywords of SQL, in the four classes that PostgreSQL has them in. The cases are sorted by class, so that the class of a
// word is told by its code.

enum SQLKeyword: UInt8, CaseIterable, ExpressionKeyword {
    case notKeyword = 0

    // Reserved: never names, save behind AS and behind a dot.
    case all, analyse, analyze, and, any, array, `as`, asc, asymmetric, both, `case`, cast, check, collate, column, constraint
    case create, currentCatalog, currentDate, currentRole, currentTime, currentTimestamp, currentUser, `default`, deferrable, desc
    case distinct, `do`, `else`, end, except, `false`, fetch, `for`, foreign, from, grant, group, having, `in`, initially, intersect
    case into, lateral, leading, limit, localTime, localTimestamp, not, null, offset, on, only, or, order, placing, primary
    case references, returning, select, sessionUser, some, symmetric, table, then, to, trailing, `true`, union, unique, user
    case using, variadic, when, `where`, window, with

    // Names of functions and types.
    case authorization, binary, collation, concurrently, cross, currentSchema, freeze, full, ilike, inner, `is`, isNull, join, left
    case like, natural, notNull, outer, overlaps, right, similar, tableSample, verbose

    // Names of columns and tables.
    case between, character, char, exists, extract, grouping, interval, national, nchar, none, overlay, position, precision, row
    case setOf, substring, time, timestamp, trim, values, varchar, bit

    // Names of anything.
    case abort, action, add, alter, always, at, begin, by, cascade, columns, commit, committed, conflict, `continue`, cube, current
    case cycle, data, day, deallocate, delete, disable, double, drop, edge, enable, escape, exclude, execute, explain, filter, first
    case following, format, generated, global, graphTable, groups, hour, identity, `if`, increment, index, insert, isolation, json
    case key, last, level, local, locked, match, matched, materialized, maxValue, merge, minute, minValue, month, next, no, nothing
    case noWait, nulls, of, ordinality, others, over, overriding, partition, path, paths, preceding, prepare, range, read, recursive
    case release, rename, replace, restart, restrict, rollback, rollup, rows, savepoint, second, sequence, serializable, set, sets
    case share, shortest, skip, start, stored, system, temp, temporary, text, ties, transaction, trail, truncate, type, uescape
    case unbounded, uncommitted, unknown, unlogged, update, value, varying, view, walk, acyclic, within, without, work, write, year
    case zone, repeatable, cost, buffers, timing, summary, oids, include, simple, partial

    static let texts: [String] = allCases.map { snakeCase("\($0)") }
    static let lookup = KeywordTable(Array(texts.dropFirst()))

    /// In upper case.
    var text: String { Self.texts[Int(rawValue)] }

    /// These are written in one word, though they are named after two or more.
    private static let compounds: Set<String> = [
        "isNull", "notNull", "tableSample", "setOf", "maxValue", "minValue", "noWait", "notKeyword", "localTime", "localTimestamp",
    ]

    private static func snakeCase(_ name: String) -> String {
        if compounds.contains(name) { return name.uppercased() }
        return name.map { $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
    }

    private static let lastReserved = SQLKeyword.with.rawValue
    private static let lastOfFunctions = SQLKeyword.verbose.rawValue

    /// Whether the word can only name something in double quotes.
    static func isReserved(_ code: UInt8) -> Bool { code != 0 && code <= lastReserved }
    /// Whether the word can name a column, a table or the like.
    static func namesColumns(_ code: UInt8) -> Bool { code == 0 || code > lastOfFunctions }
    /// Whether the word can name a function or a type. Those that name columns do so only in forms of their own, which the
    /// parser knows before it asks.
    static func namesFunctions(_ code: UInt8) -> Bool { code == 0 || code > lastReserved }
}

/// All keywords, in upper case, for lists and tests.
package let sqlKeywords = Array(SQLKeyword.texts.dropFirst())
