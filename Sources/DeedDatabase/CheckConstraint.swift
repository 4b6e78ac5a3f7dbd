// CHECK with a condition that the engine does not know: any expression over the columns of a row. The definition of the table keeps its
// text. Rows are looked at when a statement of a transaction ends, so that it can be undone alone, and once more when the transaction
// commits, since they may have been written by any call: a bulk load, a call for one row, Cypher.

import DeedEngine
import DeedPlanner
import DeedSyntax
import DeedValues
import Synchronization

struct CheckConstraint: Sendable {
    let name: String
    let text: String

    /// The condition, from its text, which may end in a comment.
    func condition() throws -> Expression {
        guard case .select(let query) = try parseSQL("SELECT (\(text)\n)").kind, case .select(let select) = query.body,
            select.items.count == 1, case .expression(let expression, _) = select.items[0]
        else { throw DeedError(.corruption, "the condition of the constraint '\(name)' cannot be read") }
        return expression
    }
}

/// The checks of a schema with their plans, which are made when they are first needed.
final class KnownChecks: Sendable {
    struct Item: Sendable {
        let table: String
        let kind: RowKind
        let number: NameId
        let check: CheckConstraint
    }
    let version: UInt64
    let items: [Item]
    /// Of an item, by its place.
    private let plans = Mutex<[Int: PreparedQuery]>([:])

    init(version: UInt64, items: [Item]) { (self.version, self.items) = (version, items) }

    func plan(_ index: Int, _ isGood: (PreparedQuery) -> Bool, _ make: (Item) throws -> PreparedQuery) throws -> PreparedQuery {
        if let known = plans.withLock({ $0[index] }), isGood(known) { return known }
        let made = try make(items[index])
        plans.withLock { $0[index] = made }
        return made
    }
}

extension QueryEngine {
    /// Rows that are looked at together.
    private static let checkedAtOnce = 65_536

    /// The checks that are in force.
    private var checks: KnownChecks {
        let version = graph.schema.changes
        let known = knownChecks.withLock { $0 }
        if let known, known.version == version { return known }
        var items: [KnownChecks.Item] = []
        for kind in [RowKind.entity, .relationship] {
            for name in TableDefinition.names(kind, graph) {
                guard let table = TableDefinition.read(name, kind, graph), !table.checks.isEmpty,
                    let number = try? intern(kind == .entity ? .collection : .relationshipType, name)
                else { continue }
                items += table.checks.map { KnownChecks.Item(table: name, kind: kind, number: number, check: $0) }
            }
        }
        let found = KnownChecks(version: version, items: items)
        knownChecks.withLock { $0 = found }
        if items.isEmpty { graph.noteNoRowChecks(schemaVersion: version) }
        return found
    }

    /// Throws if a row that the transaction has written since a point of it does not satisfy a check.
    func requireChecks(_ transaction: Transaction, since savepoint: GraphView.Savepoint?) throws {
        let checks = checks
        for (index, item) in checks.items.enumerated() {
            let rows = graph.writtenRows(of: transaction, since: savepoint, item.kind, item.number)
            if rows.isEmpty { continue }
            let state = state
            let plan = try checks.plan(index, { $0.basis.isGood(for: state) }) { try self.plan($0.check, of: $0.table) }
            var first = 0
            while first < rows.count {
                let ids = rows[first..<min(first + Self.checkedAtOnce, rows.count)].map { Value.int(Int64(bitPattern: $0)) }
                try require(plan, ids, item, transaction)
                first += ids.count
            }
        }
    }

    /// The same for a commit, whose errors are the engine's.
    func requireChecksAtCommit(_ transaction: Transaction) throws(DeedError) {
        do {
            try requireChecks(transaction, since: nil)
        } catch let error as DeedError {
            throw error
        } catch {
            let reason = (error as? QueryError)?.message ?? "\(error)"
            throw DeedError(violating: .check, "a CHECK of a row that was written fails: \(reason)")
        }
    }

    private func require(
        _ plan: PreparedQuery, _ ids: [Value], _ item: KnownChecks.Item, _ transaction: Transaction
    ) throws {
        let bindings = Bindings(names: plan.parameters)
        _ = Array(Planner.checkedRows.utf8).withUnsafeBytes { bindings.set($0, .list(ids)) }
        let result = try execute(.query(plan), bindings, transaction: transaction, options: ExecutionOptions())
        guard let row = try result.firstRow().first else { return }
        let id = if case .int(let id) = row { "\(id)" } else { "?" }
        throw DeedError(
            violating: .check, "row \(id) of \"\(item.table)\" violates the check constraint '\(item.check.name)': \(item.check.text)")
    }

    /// The plan that finds rows which do not satisfy the check.
    func plan(_ check: CheckConstraint, of table: String) throws -> PreparedQuery {
        let catalog = try catalog
        guard let known = catalog.table(named: table) else { throw DeedError(.notFound, "there is no table '\(table)'") }
        return once(try Planner(catalog: catalog).planCheck(try check.condition(), of: known))
    }

    /// Throws unless all rows of the table satisfy the check, as the transaction sees them.
    func requireAll(_ table: SQLTable, _ check: CheckConstraint, in transaction: Transaction?) throws {
        let plan = once(try Planner(catalog: try catalog).planCheck(try check.condition(), of: table, amongAll: true))
        let result = try execute(
            .query(plan), Bindings(names: []), transaction: transaction, options: ExecutionOptions())
        guard try !result.firstRow().isEmpty else { return }
        throw DeedError(
            violating: .check, "a row of \"\(table.name)\" violates the check constraint '\(check.name)': \(check.text)")
    }
}
