// The trees of SQL as S-expressions; expressions that all languages share are in Support.swift.

@testable import DeedSyntax

/// The tree of an expression, by way of SELECT.
func sqlTree(_ expression: String) -> String {
    let text = "SELECT " + expression
    do throws(SyntaxError) {
        guard case .select(let query) = try parseSQL(text).kind, case .select(let select) = query.body else { return "no query" }
        return select.items.map(show).joined(separator: ", ")
    } catch {
        return "\(error.detail) at \(error.range.lowerBound - 7): \(error.message)"
    }
}

/// The tree of a statement.
func sqlStatement(_ text: String) -> String {
    do throws(SyntaxError) {
        return show(try parseSQL(text))
    } catch {
        return "\(error.detail) at \(error.range.lowerBound)..<\(error.range.upperBound): \(error.message)"
    }
}

func sqlError(_ text: String) -> SyntaxError? {
    do throws(SyntaxError) {
        _ = try parseSQL(text)
        return nil
    } catch {
        return error
    }
}

// MARK: Expressions

func show(_ expression: SQLExpression) -> String {
    switch expression {
    case .cast(let value, let type): "(cast \(show(value)) \(show(type)))"
    case .decimal(let digits): "\(digits)n"
    case .default: "DEFAULT"
    case .like(let value, let operation, let pattern, let escape, let negated):
        "(\(negated ? "not-" : "")\(operation) \(show(value)) \(show(pattern))\(escape.map { " " + show($0) } ?? ""))"
    case .between(let value, let low, let high, let isSymmetric, let negated):
        "(\(negated ? "not-" : "")between\(isSymmetric ? "-symmetric" : "") \(show(value)) \(show(low)) \(show(high)))"
    case .isDistinct(let left, let right, let negated): "(\(negated ? "not-" : "")distinct \(show(left)) \(show(right)))"
    case .isTruth(let value, let truth, let negated):
        "(\(negated ? "is-not" : "is") \(show(value)) \(truth.map { "\($0)" } ?? "unknown"))"
    case .row(let items): "(row\(items.map { " " + show($0) }.joined()))"
    case .scalar(let query): "(scalar \(show(query)))"
    case .exists(let query): "(exists \(show(query)))"
    case .array(let query): "(array \(show(query)))"
    case .compareQuery(let value, let operation, let quantity, let query):
        "(\(show(operation)) \(quantity) \(show(value)) \(show(query)))"
    case .compareList(let value, let operation, let quantity, let list):
        "(\(show(operation)) \(quantity) \(show(value)) \(show(list)))"
    case .collate(let value, let name): "(collate \(show(value)) \(name.text))"
    case .aggregate(let call, let order, let filter, let over):
        "(aggregate " + show(Expression(.call(call), 0..<0)) + show(order)
            + (filter.map { " filter " + show($0) } ?? "") + (over.map { " over " + show($0) } ?? "") + ")"
    }
}

func show(_ type: TypeName) -> String {
    let arguments = type.arguments.isEmpty ? "" : "(\(type.arguments.map(String.init).joined(separator: ",")))"
    return "<" + type.name + arguments + String(repeating: "[]", count: type.listDepth) + ">"
}

private func show(_ window: Window) -> String {
    switch window {
    case .named(let name): name.text
    case .definition(let definition): show(definition)
    }
}

private func show(_ window: WindowDefinition) -> String {
    var words: [String] = []
    if let base = window.base { words.append(base.text) }
    if !window.partition.isEmpty { words.append("by " + window.partition.map(show).joined(separator: " ")) }
    if !window.order.isEmpty { words.append(String(show(window.order).dropFirst())) }
    if let frame = window.frame {
        words.append("\(frame.unit) \(show(frame.start))..\(show(frame.end))")
        if frame.exclusion != .noOthers { words.append("exclude \(frame.exclusion)") }
    }
    return "{" + words.joined(separator: " ") + "}"
}

private func show(_ bound: WindowFrame.Bound) -> String {
    switch bound {
    case .unboundedPreceding: "start"
    case .unboundedFollowing: "end"
    case .currentRow: "current"
    case .preceding(let distance): "-\(show(distance))"
    case .following(let distance): "+\(show(distance))"
    }
}

private func show(_ order: [SortItem]) -> String {
    if order.isEmpty { return "" }
    let items = order.map { item in
        show(item.expression) + (item.isDescending ? " desc" : "") + (item.nullsFirst.map { $0 ? " first" : " last" } ?? "")
    }
    return " order[" + items.joined(separator: ", ") + "]"
}

// MARK: Queries

func show(_ query: SelectQuery) -> String {
    var text = "(" + show(query.with) + show(query.body) + show(query.order)
    if let limit = query.limit { text += " limit " + show(limit) }
    if query.withTies { text += " ties" }
    if let offset = query.offset { text += " offset " + show(offset) }
    return text + ")"
}

private func show(_ with: CommonTables?) -> String {
    guard let with else { return "" }
    let tables = with.tables.map { table in
        table.name.text + show(table.columns) + (table.isMaterialized.map { $0 ? " materialized" : " inline" } ?? "")
            + " " + show(table.query)
    }
    return "with\(with.isRecursive ? " recursive" : "") " + tables.joined(separator: ", ") + " "
}

private func show(_ columns: [Name]) -> String {
    columns.isEmpty ? "" : "(" + columns.map(show).joined(separator: " ") + ")"
}

private func show(_ name: Name) -> String { name.isQuoted ? "\"\(name.text)\"" : name.text }

private func show(_ name: ObjectName) -> String { name.parts.map(show).joined(separator: ".") }

private func show(_ body: SelectBody) -> String {
    switch body {
    case .select(let select): show(select)
    case .values(let rows, _):
        "values " + rows.map { "(" + $0.map(show).joined(separator: " ") + ")" }.joined(separator: " ")
    case .table(let name): "table " + show(name)
    case .query(let query): show(query)
    case .setOperations(let first, let others, _):
        "[" + show(first) + others.map { " \($0.kind)\($0.isAll ? "-all" : "") \(show($0.body))" }.joined() + "]"
    }
}

private func show(_ select: Select) -> String {
    var text = "select"
    switch select.distinct {
    case .none: break
    case .rows: text += " distinct"
    case .on(let items): text += " distinct-on[" + items.map(show).joined(separator: " ") + "]"
    }
    text += select.items.map { " " + show($0) }.joined(separator: ",")
    if !select.from.isEmpty { text += " from " + select.from.map(show).joined(separator: ", ") }
    if let predicate = select.predicate { text += " where " + show(predicate) }
    if let group = select.group { text += " group " + group.map(show).joined(separator: ", ") }
    if let having = select.having { text += " having " + show(having) }
    for window in select.windows { text += " window " + window.name.text + show(window.definition) }
    return text
}

func show(_ item: SelectItem) -> String {
    switch item {
    case .all(let table, _): (table.map { show($0) + "." } ?? "") + "*"
    case .expression(let expression, let alias): show(expression) + (alias.map { " as " + show($0) } ?? "")
    }
}

private func show(_ element: GroupingElement) -> String {
    switch element {
    case .expression(let expression): show(expression)
    case .set(let items): "(set\(items.map { " " + show($0) }.joined()))"
    case .rollup(let items): "(rollup\(items.map { " [" + $0.map(show).joined(separator: " ") + "]" }.joined()))"
    case .cube(let items): "(cube\(items.map { " [" + $0.map(show).joined(separator: " ") + "]" }.joined()))"
    case .groupingSets(let elements): "(sets\(elements.map { " " + show($0) }.joined()))"
    }
}

private func show(_ table: TableReference) -> String {
    let alias = table.alias.map { " as " + show($0.name) + show($0.columns) } ?? ""
    switch table.kind {
    case .table(let name): return show(name) + alias
    case .query(let query, let isLateral): return (isLateral ? "lateral " : "") + show(query) + alias
    case .function(let calls, let isLateral, let withOrdinality):
        let functions = calls.map { show(Expression(.call($0), 0..<0)) }.joined(separator: " ")
        return (isLateral ? "lateral " : "") + functions + (withOrdinality ? " numbered" : "") + alias
    case .join(let left, let right, let type, let condition):
        return "(\(type) \(show(left)) \(show(right))\(show(condition)))" + alias
    case .graphTable(let graph, let paths, let predicate, let columns):
        let condition = predicate.map { " where " + show($0) } ?? ""
        return "graph(\(graph.text) \(paths.map(show).joined(separator: ", "))\(condition) columns"
            + columns.map { " " + show($0) }.joined(separator: ",") + ")" + alias
    }
}

private func show(_ condition: JoinCondition) -> String {
    switch condition {
    case .none: ""
    case .on(let predicate): " on " + show(predicate)
    case .using(let columns): " using " + show(columns)
    case .natural: " natural"
    }
}

// MARK: Statements

func show(_ statement: SQLStatement) -> String {
    switch statement.kind {
    case .select(let query): show(query)
    case .insert(let insert): show(insert)
    case .update(let update):
        show(update.with) + "update \(show(update.table))\(show(update.alias)) set \(show(update.assignments))"
            + list(" from ", update.from.map(show)) + clause(" where ", update.predicate) + list(" returning ", update.returning.map(show))
    case .delete(let delete):
        show(delete.with) + "delete \(show(delete.table))\(show(delete.alias))" + list(" using ", delete.using.map(show))
            + clause(" where ", delete.predicate) + list(" returning ", delete.returning.map(show))
    case .merge(let merge):
        show(merge.with) + "merge \(show(merge.table))\(show(merge.alias)) using \(show(merge.source)) on \(show(merge.condition))"
            + merge.cases.map { " " + show($0) }.joined()
    case .truncate(let tables, let restarts, let cascades):
        "truncate " + tables.map(show).joined(separator: ", ") + (restarts ? " restart" : "") + (cascades ? " cascade" : "")
    case .transaction(let command): "\(command)".replacingNames(command)
    case .explain(let inner, let analyzes, let asJSON):
        "explain\(analyzes ? " analyze" : "")\(asJSON ? " json" : "") \(show(inner))"
    case .prepare(let name, let types, let inner): "prepare \(name.text)\(types.map { " " + show($0) }.joined()) \(show(inner))"
    case .execute(let name, let arguments): "execute \(name.text)\(arguments.map { " " + show($0) }.joined())"
    case .deallocate(let name): "deallocate \(name?.text ?? "all")"
    default: showSchema(statement.kind)
    }
}

private func list(_ before: String, _ items: [String]) -> String { items.isEmpty ? "" : before + items.joined(separator: ", ") }
private func clause(_ before: String, _ expression: Expression?) -> String { expression.map { before + show($0) } ?? "" }
private func show(_ alias: Name?) -> String { alias.map { " as " + show($0) } ?? "" }

extension String {
    /// Commands that have names without the places of these.
    fileprivate func replacingNames(_ command: SQLTransactionCommand) -> String {
        switch command {
        case .savepoint(let name): "savepoint \(name.text)"
        case .rollbackTo(let name): "rollback to \(name.text)"
        case .release(let name): "release \(name.text)"
        case .begin(let level, let readOnly): "begin \(level.map { "\($0)" } ?? "_") \(readOnly.map { "\($0)" } ?? "_")"
        case .setTransaction(let level, let readOnly): "set \(level.map { "\($0)" } ?? "_") \(readOnly.map { "\($0)" } ?? "_")"
        case .commit, .rollback: self
        }
    }
}

private func show(_ insert: Insert) -> String {
    var text = show(insert.with) + "insert \(show(insert.table))\(show(insert.alias))\(show(insert.columns)) "
    switch insert.source {
    case .query(let query): text += show(query)
    case .defaultValues: text += "defaults"
    }
    if let conflict = insert.onConflict {
        text += " conflict" + show(conflict.columns) + (conflict.constraint.map { " " + $0.text } ?? "")
        text += conflict.update.map { " set " + show($0) } ?? " nothing"
        text += clause(" where ", conflict.predicate)
    }
    return text + list(" returning ", insert.returning.map(show))
}

private func show(_ assignments: [Assignment]) -> String {
    assignments.map { "\($0.columns.map(\.text).joined(separator: " ")) = \(show($0.value))" }.joined(separator: ", ")
}

private func show(_ when: SQLMerge.When) -> String {
    let action =
        switch when.action {
        case .update(let assignments): "update " + show(assignments)
        case .delete: "delete"
        case .insert(let columns, let values): "insert\(show(columns)) " + values.map(show).joined(separator: " ")
        case .nothing: "nothing"
        }
    return "(\(when.isMatched ? "matched" : "unmatched")\(clause(" and ", when.predicate)) \(action))"
}

// MARK: Schema

private func showSchema(_ kind: SQLStatement.Kind) -> String {
    switch kind {
    case .createTable(let table): return show(table)
    case .createTableAs(let name, let columns, let query, let ifNotExists):
        return "create\(ifNotExists ? "?" : "") \(show(name))\(show(columns)) \(show(query))"
    case .createEdgeTable(let table, let from, let to): return "edge " + show(table) + " \(show(from)) -> \(show(to))"
    case .alterTable(let name, let ifExists, let alterations):
        return "alter\(ifExists ? "?" : "") \(show(name)) " + alterations.map(show).joined(separator: ", ")
    case .createIndex(let index):
        return "index\(index.isUnique ? " unique" : "")\(index.ifNotExists ? "?" : "") \(index.name?.text ?? "_") \(show(index.table))"
            + show(index.columns) + clause(" where ", index.predicate)
    case .createView(let name, let columns, let query, let text, let orReplace):
        return "view\(orReplace ? "!" : "") \(show(name))\(show(columns)) \(show(query)) \(text)"
    case .createSequence(let name, let options, let ifNotExists):
        let numbers = [options.start, options.increment, options.minimum, options.maximum].map { $0.map(String.init) ?? "_" }
        return "sequence\(ifNotExists ? "?" : "") \(show(name)) " + numbers.joined(separator: " ") + (options.cycles ? " cycle" : "")
    case .drop(let kind, let names, let ifExists, let cascades):
        return "drop\(ifExists ? "?" : "") \(kind) " + names.map(show).joined(separator: " ") + (cascades ? " cascade" : "")
    default: return "?"
    }
}

private func show(_ table: CreateTable) -> String {
    "create\(table.isTemporary ? " temporary" : "")\(table.ifNotExists ? "?" : "") \(show(table.name))"
        + list(" ", table.columns.map(show) + table.constraints.map { show($0, isTable: true) })
}

private func show(_ column: ColumnDefinition) -> String {
    show(column.name) + (column.type.map { " " + show($0) } ?? "") + column.constraints.map { " " + show($0, isTable: false) }.joined()
}

private func show(_ constraint: TableConstraint, isTable: Bool) -> String {
    let columns = isTable ? show(constraint.columns) : ""
    let name = constraint.name.map { $0.text + ":" } ?? ""
    switch constraint.kind {
    case .default(let value): return "\(name)default \(show(value))"
    case .check(let value): return "\(name)check \(show(value))"
    case .generated(let value): return "\(name)generated \(show(value))"
    case .identity(let always): return "\(name)identity\(always ? " always" : "")"
    case .references(let table, let targets, let onDelete, let onUpdate):
        return "\(name)references\(columns) \(show(table))\(show(targets)) \(onDelete) \(onUpdate)"
    case .notNull, .null, .unique, .primaryKey: return "\(name)\(constraint.kind)\(columns)"
    }
}

private func show(_ alteration: TableAlteration) -> String {
    switch alteration {
    case .addColumn(let column, let ifNotExists): "add\(ifNotExists ? "?" : "") \(show(column))"
    case .dropColumn(let name, let ifExists): "drop\(ifExists ? "?" : "") \(name.text)"
    case .renameColumn(let name, let other): "rename \(name.text) \(other.text)"
    case .rename(let name): "rename \(name.text)"
    case .addConstraint(let constraint): "add " + show(constraint, isTable: true)
    case .dropConstraint(let name, let ifExists): "drop constraint\(ifExists ? "?" : "") \(name.text)"
    case .setType(let name, let type, let using): "type \(name.text) \(show(type))\(clause(" using ", using))"
    case .setDefault(let name, let value): "default \(name.text) \(show(value))"
    case .dropDefault(let name): "drop default \(name.text)"
    case .setNotNull(let name): "not null \(name.text)"
    case .dropNotNull(let name): "null \(name.text)"
    }
}

// MARK: Cases

/// Texts and what they become, written as `text`, `=> result`, and an empty line; either may take several lines.
func goldenCases(_ text: String) -> [(text: String, result: String)] {
    var cases: [(text: String, result: String)] = []
    for block in text.split(separator: "\n", omittingEmptySubsequences: false).split(whereSeparator: { $0.allSatisfy { $0 == " " } }) {
        let lines = block.map { String($0.drop { $0 == " " }) }
        let arrow = lines.firstIndex { $0.hasPrefix("=> ") } ?? lines.count
        let result = lines[arrow...].joined(separator: " ").dropFirst(3)
        cases.append((lines[..<arrow].joined(separator: " "), String(result)))
    }
    return cases
}
