// GRAPH_TABLE of SQL/PGQ: patterns as a part of FROM. The binder of Cypher declares them, as it does those of MATCH, with conditions that
// are bound here; what comes of it is a part of the same query graph as the tables beside it, so that all of it is planned together.
//
// 1. Names of variables lose their case and labels get that of the store (PatternNames).
// 2. In conditions and COLUMNS a variable is a relation whose columns are the properties; it is found by its name only. What FROM has
//    before the patterns can be referred to as well.
// 3. COLUMNS are expressions over the pattern. A mere property stays one, so that conditions on it reach the pattern; others are
//    computed as soon as the pattern has been found.
// 4. A variable of a repeated part is a list, and so are its properties; aggregates make one value of these.

import DeedExecution
import DeedSyntax
import DeedValues

/// The patterns of one GRAPH_TABLE.
struct PatternPart {
    let builder: PatternBuilder
    /// The slots that its columns are made of.
    let columns: NumberSet
    /// Those of other parts that it refers to.
    let outside: NumberSet
    /// What conditions need while a path is walked.
    let onTheWay: NumberSet
}

extension SQLBinder {
    typealias PatternColumn = (name: String, value: SQLValue)

    /// `before`: what stands before it in FROM.
    func bindGraphTable(
        _ graph: Name, _ paths: [PathPattern], _ predicate: Expression?, _ columns: [SelectItem], before: SQLScope, at range: SourceRange
    ) throws -> (PatternPart, [PatternColumn]) {
        try requireGraph(graph)
        var names = PatternNames(core)
        let paths = try paths.map { try names.resolved($0) }
        var builder = PatternBuilder(scope: Scope(), given: [])
        core.patternConditions = { [names] in try self.bindPatternCondition($0, in: self.scope($1, names, outer: before)) }
        defer { core.patternConditions = nil }
        for path in paths {
            // What may not come twice within a path may still come in another one.
            builder.clause = core.newSlot() + 1
            try core.declare(path, &builder)
        }
        try core.bindPending(&builder)
        core.patternConditions = nil
        let scope = scope(builder.scope, names, outer: before)
        if let predicate { builder.graph.predicates += try terms(predicate, SQLContext(scope, clause: "WHERE of GRAPH_TABLE")) }
        let outputs = try bindColumns(columns, scope, &builder)
        return (part(builder, outputs, outer: before.slots), outputs)
    }

    private func requireGraph(_ name: Name) throws {
        let known = ["graph", core.catalog.databaseName]
        if known.contains(where: { SQLName.areSame($0, name.text) }) { return }
        throw failure(
            "UndefinedGraph", "there is no graph \"\(name.text)\": the one graph of a store is called \"graph\", or as the database is, "
                + "\"\(core.catalog.databaseName)\"", at: name.range)
    }

    private func bindPatternCondition(_ expression: Expression, in scope: SQLScope) throws -> Expr {
        let (conditions, used) = (core.patternConditions, core.used)
        (core.patternConditions, core.used) = (nil, [])
        defer {
            // Slots within subqueries are nobody else's business.
            core.used = used.union(core.used.intersection(scope.slots))
            core.patternConditions = conditions
        }
        return try bindCondition(expression, SQLContext(scope, clause: "a condition of a pattern"))
    }

    private func bindColumns(
        _ items: [SelectItem], _ scope: SQLScope, _ builder: inout PatternBuilder
    ) throws -> [PatternColumn] {
        for case .all(nil, let range) in items {
            throw failure("FeatureNotSupported", "COLUMNS (*) is not supported; name the columns, or write variable.*", at: range)
        }
        let context = SQLContext(scope, clause: "COLUMNS")
        let visible = builder.scope.slots.union(scope.outer?.slots ?? [])
        return try expanded(items, scope).map { item in
            let (column, used) = try core.tracking { try bound([item], context)[0] }
            var value = column.value
            if !value.expr.isOfOneElement {
                let needs = slotsUsed(value.expr).union(used).intersection(visible)
                let slot = core.newSlot()
                builder.derived.append(DerivedSlot(slot: slot, value: value.expr, needs: needs))
                value.expr = .slot(slot)
            }
            return (item.name, value)
        }
    }

    private func part(_ builder: PatternBuilder, _ outputs: [PatternColumn], outer: NumberSet) -> PatternPart {
        var used = builder.graph.predicates.reduce(into: NumberSet()) { $0.formUnion($1.slots) }
        var onTheWay: NumberSet = []
        for relationship in builder.graph.relationships {
            guard let length = relationship.length else { continue }
            onTheWay = length.filters.reduce(onTheWay.union(length.uses)) { $0.union(slotsUsed($1)) }
        }
        used.formUnion(onTheWay)
        for derived in builder.derived { used.formUnion(derived.needs) }
        let columns = outputs.reduce(into: NumberSet()) { $0.formUnion(slotsUsed($1.value.expr)) }
        // A column that is one of another table belongs to that.
        return PatternPart(
            builder: builder, columns: columns.subtracting(outer), outside: used.union(columns).intersection(outer), onTheWay: onTheWay)
    }

    // MARK: Variables as relations

    private func scope(_ variables: Scope, _ names: PatternNames, outer: SQLScope) -> SQLScope {
        let scope = SQLScope(outer: outer, isPattern: true)
        for variable in variables.visible {
            scope.add(relation(variable.name, variable.slot, variable.type, names.tables(of: variable.name)), isVisible: false)
        }
        return scope
    }

    private func relation(_ name: String, _ slot: Slot, _ type: StaticType, _ tables: [SQLTable]?) -> SQLRelation {
        switch type {
        case .entity: return element(name, slot, isRelationship: false, tables)
        case .relationship: return element(name, slot, isRelationship: true, tables)
        case .list(let type):
            let element = { (slot: Slot) in self.element(name, slot, isRelationship: type == .relationship, tables) }
            return list(name, slot, element)
        default: return SQLRelation(name: name, columns: [], row: slot, rowType: .any)
        }
    }

    /// `tables`: those that it may be a row of; nil: any.
    private func element(_ name: String, _ slot: Slot, isRelationship: Bool, _ tables: [SQLTable]?) -> SQLRelation {
        func property(_ key: String, _ type: SQLType) -> SQLValue { SQLValue(.property(.slot(slot), key), type) }
        func merged(_ columns: [SQLTable.Column]) -> [SQLColumn] {
            var found: [SQLColumn] = []
            var places: [NameKey: Int] = [:]
            for column in columns {
                if let place = places[NameKey(column.name)] {
                    found[place].value.type = SQLType.common(found[place].value.type, column.type) ?? .any
                } else {
                    places[NameKey(column.name)] = found.count
                    found.append(SQLColumn(name: column.name, value: property(column.name, column.type), relation: name))
                }
            }
            return found
        }
        var relation = SQLRelation(name: name, columns: merged(tables?.flatMap(\.columns) ?? []), row: slot)
        relation.hidden = merged(tables?.flatMap(\.others) ?? [])
            + (isRelationship ? ["_id", "_src", "_dst"] : ["_id"]).compactMap { hidden in
                Self.number(hidden, of: .slot(slot)).map { SQLColumn(name: hidden, value: $0, relation: name) }
            }
        if tables == nil { relation.property = { property($0, .any) } }
        return relation
    }

    /// `_id`, `_src` and `_dst` of an element; nil for other names.
    static func number(_ name: String, of element: Expr) -> SQLValue? {
        let end: Expr
        switch name {
        case "_id": end = element
        case "_src": end = .call("startnode", [element])
        case "_dst": end = .call("endnode", [element])
        default: return nil
        }
        return SQLValue(.call("id", [end]), .integer)
    }

    private func list(_ name: String, _ slot: Slot, _ element: @escaping (Slot) -> SQLRelation) -> SQLRelation {
        let item = core.newSlot()
        let one = element(item)
        func all(_ value: SQLValue) -> SQLValue {
            SQLValue(.comprehension(item, list: .slot(slot), filter: nil, projection: value.expr), .list(value.type))
        }
        func listed(_ column: SQLColumn) -> SQLColumn { SQLColumn(name: column.name, value: all(column.value), relation: name) }
        var relation = SQLRelation(name: name, columns: one.columns.map(listed), row: slot, rowType: .list(.element))
        relation.hidden = one.hidden.map(listed)
        if let property = one.property { relation.property = { all(property($0)) } }
        relation.element = element
        return relation
    }

    // MARK: Aggregates of repeated parts

    /// `sum(e.amount)`, where `e` is a variable of a repeated part: of the values along one path.
    func bindFold(
        _ name: String, _ call: FunctionCall, order: [SortItem], filter: Expression?, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        guard order.isEmpty, filter == nil, !call.isDistinct, let argument = call.arguments.first else {
            throw unsupported("an aggregate over a path with DISTINCT, ORDER BY, FILTER or *", at: range)
        }
        let groups = Self.variables(of: argument).compactMap { context.scope.relation($0) }.filter { $0.element != nil }
        guard let group = groups.first, let list = group.row, let element = group.element,
            groups.allSatisfy({ $0.row == list })
        else {
            throw failure("GroupingError", "\(call.name.text)() in \(context.clause) is over one variable of a repeated part", at: range)
        }
        let item = core.newSlot()
        let scope = SQLScope(outer: context.scope, isPattern: true)
        scope.add(element(item), isVisible: false)
        core.used.insert(list)
        let value = cast(unknown: try bind(argument, SQLContext(scope, clause: "the argument of an aggregate")), to: .text)
        func values(_ expr: Expr, nulls: Bool = false) -> Expr {
            .comprehension(item, list: .slot(list), filter: nulls ? nil : .not(.isNull(value.expr)), projection: expr)
        }
        switch name {
        case "array_agg": return SQLValue(values(value.expr, nulls: true), .list(value.type))
        case "count": return SQLValue(.call("size", [values(value.expr)]), .integer)
        case "string_agg":
            guard call.arguments.count == 2 else { throw failure("UndefinedFunction", "string_agg() takes 2 arguments", at: range) }
            let separator = cast(unknown: try bind(call.arguments[1], context), to: .text).expr
            return SQLValue(.call("sql:join", [values(cast(value, to: .text).expr), separator]), .text)
        default: return try fold(name, values(value.expr), value.type, argument, at: range)
        }
    }

    private func fold(
        _ name: String, _ list: Expr, _ type: SQLType, _ argument: Expression, at range: SourceRange
    ) throws -> SQLValue {
        let (total, next) = (core.newSlot(), core.newSlot())
        func reduced(_ step: Expr) -> Expr {
            let body = Expr.conditional([(.isNull(.slot(total)), .slot(next))], otherwise: step)
            return .reduce(accumulator: total, initial: .constant(.null), element: next, list: list, body: body)
        }
        switch name {
        case "min", "max":
            return SQLValue(reduced(.call(name == "min" ? "sql:least" : "sql:greatest", [.slot(total), .slot(next)])), type)
        case "sum", "avg":
            guard type.mayBeNumber || type == .interval && name == "sum" else { throw mismatch(argument, "a number", type) }
            let sum = reduced(.arithmetic(.add, .slot(total), .slot(next)))
            if name == "sum" { return SQLValue(sum, type) }
            let count = Expr.call("size", [list])
            let mean = Expr.arithmetic(.divide, .arithmetic(.add, sum, .constant(.float(0))), count)
            return SQLValue(.conditional([(.compare(.equal, count, .constant(.int(0))), .constant(.null))], otherwise: mean), .float)
        default: throw unsupported("\(name)() over a path", at: range)
        }
    }

    /// The names that an expression begins with, which may be variables.
    private static func variables(of expression: Expression) -> [String] {
        if case .variable(let name) = expression.kind { return [name] }
        return sqlChildren(of: expression).flatMap(variables)
    }
}

extension Expr {
    /// An element, a property of one, or its number: null where there is no element, and cheap to have twice.
    fileprivate var isOfOneElement: Bool {
        switch self {
        case .slot: true
        case .property(.slot, _): true
        case .call("id", let arguments): if case .slot? = arguments.first { true } else { false }
        default: false
        }
    }
}

/// The names in patterns: variables without case, as SQL has them, labels as they are in the store; and what is known of each variable.
struct PatternNames {
    private let core: Binder
    private var known: [NameKey: [SQLTable]] = [:]

    init(_ core: Binder) { self.core = core }

    /// The tables that a variable may be a row of; nil: any.
    func tables(of variable: String) -> [SQLTable]? { known[NameKey(variable)] }

    mutating func resolved(_ path: PathPattern) throws -> PathPattern {
        let elements = try path.elements.map { element -> PatternElement in
            switch element {
            case .entity(let entity): return .entity(try resolved(entity))
            case .relationship(let relationship): return .relationship(try resolved(relationship))
            case .group(let group):
                return .group(
                    PatternGroup(path: try resolved(group.path), predicate: group.predicate, length: group.length, range: group.range))
            }
        }
        return PathPattern(
            variable: path.variable.map(folded), selector: path.selector, mode: path.mode, elements: elements, range: path.range)
    }

    private mutating func resolved(_ entity: EntityPattern) throws -> EntityPattern {
        let labels = try entity.labels.map { try resolved($0, .label) }
        let variable = entity.variable.map(folded)
        note(variable, labels, isRelationship: false)
        return EntityPattern(
            variable: variable, labels: labels, properties: entity.properties, predicate: entity.predicate, range: entity.range)
    }

    private mutating func resolved(_ relationship: RelationshipPattern) throws -> RelationshipPattern {
        let types = try relationship.types.map { try resolved($0, .relationshipType) }
        let variable = relationship.variable.map(folded)
        note(variable, types, isRelationship: true)
        return RelationshipPattern(
            variable: variable, types: types, direction: relationship.direction, length: relationship.length,
            properties: relationship.properties, predicate: relationship.predicate, range: relationship.range)
    }

    private func folded(_ name: Name) -> Name { Name(SQLName.folded(name), name.range, isQuoted: name.isQuoted) }

    // MARK: Labels

    private func resolved(_ labels: LabelExpression, _ kind: CatalogName) throws -> LabelExpression {
        switch labels {
        case .any: return .any
        case .name(let name): return .name(try resolved(name, kind))
        case .not(let inner): return .not(try resolved(inner, kind))
        case .and(let left, let right): return .and(try resolved(left, kind), try resolved(right, kind))
        case .or(let left, let right): return .or(try resolved(left, kind), try resolved(right, kind))
        }
    }

    private func resolved(_ name: Name, _ kind: CatalogName) throws -> Name {
        let isRelationship = kind == .relationshipType
        if let table = core.catalog.table(named: name.text), table.isRelationship == isRelationship {
            return Name(table.name, name.range, isQuoted: true)
        }
        // A label beside the collection that an entity is in is no table, and found as it is written only.
        if core.catalog.mayExist(kind, name.text) { return name }
        let known = core.catalog.names(of: kind).filter { core.catalog.mayExist(kind, $0) }
        if let label = SQLName.find(name.text, in: known, { $0 }) { return Name(label, name.range, isQuoted: true) }
        let what = isRelationship ? "relationship type" : "label"
        let hint = core.suggestion(for: name.text, among: known)
        throw QueryError(.syntaxError, "UndefinedTable", "there is no \(what) \"\(name.text)\"\(hint)", at: name.range)
    }

    private mutating func note(_ variable: Name?, _ labels: LabelExpression?, isRelationship: Bool) {
        guard let variable, known[NameKey(variable.text)] == nil, let tables = tables(labels, isRelationship) else { return }
        known[NameKey(variable.text)] = tables
    }

    private func tables(_ labels: LabelExpression?, _ isRelationship: Bool) -> [SQLTable]? {
        switch labels {
        case .name(let name)?:
            guard let table = core.catalog.table(named: name.text), table.isRelationship == isRelationship else { return nil }
            return [table]
        case .or(let left, let right)?:
            guard let a = tables(left, isRelationship), let b = tables(right, isRelationship) else { return nil }
            return a + b
        default: return nil
        }
    }
}
