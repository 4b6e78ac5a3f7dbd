// A text of one language within a text of the other: CYPHER('...') in FROM, and CALL sql('...'). It is parsed and bound where it
// stands, as a part of the statement around it, and only reads.
//
// Places in it (of errors and notices) become places in the statement, where the literal shows them letter by letter; otherwise they
// are those of the literal.

import DeedExecution
import DeedSyntax
import DeedValues

extension Binder {
    static let textDepthMax = 8

    /// `literal`: the text; `body` parses and binds it.
    func bindText<Result>(_ literal: Expression, within language: QueryLanguage, _ body: (String) throws -> Result) throws -> Result {
        guard case .string(let text) = literal.kind else {
            throw QueryError(
                .syntaxError, "InvalidArgumentType",
                "the text of a query within a query is a string literal; values go into it as parameters", at: literal.range)
        }
        try requireStack(at: literal.range)
        guard textDepth < Self.textDepthMax else {
            throw QueryError(
                .syntaxError, "NestingTooDeep", "queries are texts within texts deeper than \(Self.textDepthMax) levels", at: literal.range)
        }
        let (outer, notes, wrote) = (source, notices.count, writes)
        func place(_ inner: SourceRange?) -> SourceRange {
            inner.flatMap { outer.place(of: $0, within: literal.range, language) } ?? literal.range
        }
        (source, writes) = (StatementText(text), false)
        textDepth += 1
        subqueryDepth += 1
        defer {
            textDepth -= 1
            subqueryDepth -= 1
            (source, writes) = (outer, wrote)
        }
        do {
            let result = try body(text)
            for index in notes..<max(notes, notices.count) { notices[index].place = place(notices[index].place) }
            if !writes { return result }
        } catch let error as SyntaxError {
            throw QueryError(.syntaxError, error.detail, error.message, at: place(error.range))
        } catch let error as QueryError {
            throw QueryError(error.kind, error.detail, error.message, at: place(error.position))
        }
        throw QueryError(
            .syntaxError, "InvalidClauseComposition", "a query that is a text within another one only reads", at: literal.range)
    }

    func requireStack(at range: SourceRange) throws {
        // Stacks grow downwards; if one does not, only other limits hold.
        let bytes = stackStart > stackAddress() ? stackStart - stackAddress() : 0
        if bytes <= SyntaxLimits.stackBytesMax { return }
        throw QueryError(.syntaxError, "NestingTooDeep", "the statement is nested too deeply here", at: range)
    }

    // MARK: SQL in Cypher

    /// `CALL sql('SELECT ...') YIELD column`
    func bindSQL(_ call: ProcedureCall, _ state: BoundQuery, isAlone: Bool, at range: SourceRange) throws -> BoundQuery {
        guard let arguments = call.arguments, arguments.count == 1 else {
            throw QueryError(.syntaxError, "InvalidNumberOfArguments", "sql() takes the text of a query", at: range)
        }
        let inner = try bindText(arguments[0], within: .cypher) { text in
            guard case .select(let query) = try parseSQL(text, stackStart: stackStart).kind else {
                throw QueryError(.syntaxError, "InvalidClauseComposition", "sql() takes a query, such as SELECT", at: arguments[0].range)
            }
            return try SQLBinder(self).bind(query, outer: nil, from: BoundQuery.start(Scope()))
        }
        let shape = ProcedureShape(
            name: "sql", inputs: [("text", "STRING")], outputs: inner.columns.map { ($0.name, "ANY?") }, writes: false)
        let (yields, variables) = try yielded(call, shape, state.scope, isAlone: isAlone, at: range)
        var rows = inner.query
        rows.append(.project(child: rows.plan, yields.map { ($0.slot, .slot(inner.columns[$0.field].slot)) }))
        var result = state
        if isUnit(state) {
            result.plan = rows.plan
            result.isUnit = false
        } else {
            result.append(
                .apply(outer: state.plan, inner: rows.plan, .cross), rows: state.plan.estimatedRows * max(rows.plan.estimatedRows, 1))
        }
        try take(steps: rows.plan.depth, at: range)
        return try yielding(variables, call, result, isAlone: isAlone)
    }
}

/// The text that is being bound, as far as it is known.
struct StatementText {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Where a place within the text of a literal is in this one; nil if the literal has escapes before it, or is not known.
    func place(of inner: SourceRange, within literal: SourceRange, _ language: QueryLanguage) -> SourceRange? {
        guard literal.lowerBound >= 0, literal.upperBound <= bytes.count, !literal.isEmpty,
            let start = offset(inner.lowerBound, bytes[literal], language), let end = offset(inner.upperBound, bytes[literal], language)
        else { return nil }
        return start..<end
    }

    private func offset(_ inner: Int, _ literal: ArraySlice<UInt8>, _ language: QueryLanguage) -> Int? {
        guard let quote = literal.first, inner >= 0 else { return nil }
        if quote == UInt8(ascii: "$") {
            guard let tagEnd = literal.dropFirst().firstIndex(of: quote) else { return nil }
            return inner <= literal.endIndex - tagEnd ? tagEnd + 1 + inner : nil
        }
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") && language == .cypher else { return nil }
        var place = literal.startIndex + 1
        for _ in 0..<inner {
            guard place < literal.endIndex else { return nil }
            if literal[place] == UInt8(ascii: "\\") && language == .cypher { return nil }
            place += literal[place] == quote && language == .sql ? 2 : 1
        }
        return place <= literal.endIndex ? place : nil
    }
}
