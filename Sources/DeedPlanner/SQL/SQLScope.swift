// The tables and columns that a name of SQL can mean. A scope belongs to one SELECT; the scopes of the queries around it are
// looked through where it has no such name.

import DeedExecution
import DeedSyntax

/// An expression of a plan with its type.
struct SQLValue {
    var expr: Expr
    var type: SQLType

    init(_ expr: Expr, _ type: SQLType) { (self.expr, self.type) = (expr, type) }

    static let null = SQLValue(.constant(.null), .unknown)
}

struct SQLColumn {
    var name: String
    var value: SQLValue
    /// The relation that it belongs to; nil for what USING made of two.
    var relation: String?
    /// False where rows have been grouped by something else.
    var isGrouped = true
}

struct SQLRelation {
    var name: String
    var columns: [SQLColumn]
    /// Found by name, and not by `*`: `_id`, `_src`, `_dst`.
    var hidden: [SQLColumn] = []
    /// The row itself, where it is one of a table.
    var row: Slot?
    /// What the row is of.
    var table: SQLTable?
    var rowType = SQLType.element
    /// What a name means that is none of the columns; nil: nothing.
    var property: ((String) -> SQLValue)?
    /// Of a variable of a repeated part of a pattern: the relation that one of its elements is, in a slot.
    var element: ((Slot) -> SQLRelation)?
}

final class SQLScope {
    private(set) var relations: [SQLRelation] = []
    /// What `*` stands for, and what names without a table mean.
    private(set) var columns: [SQLColumn] = []
    let outer: SQLScope?
    /// True if the relations are variables of a pattern.
    let isPattern: Bool

    init(outer: SQLScope?, isPattern: Bool = false) { (self.outer, self.isPattern) = (outer, isPattern) }

    /// `isVisible`: false if its columns are found only beside its name.
    func add(_ relation: SQLRelation, isVisible: Bool = true) {
        relations.append(relation)
        if isVisible { columns += relation.columns }
    }

    /// All of both, the left side first.
    func add(_ other: SQLScope) {
        relations += other.relations
        columns += other.columns
    }

    /// Puts the columns that USING joins before the others, which no longer have them.
    func merge(_ merged: [SQLColumn], from left: SQLScope, _ right: SQLScope) {
        relations = left.relations + right.relations
        func isOther(_ column: SQLColumn) -> Bool { !merged.contains { SQLName.areSame($0.name, column.name) } }
        columns = merged + left.columns.filter(isOther) + right.columns.filter(isOther)
    }

    /// All that expressions can refer to, those of the queries around it included.
    var slots: NumberSet {
        var slots = outer?.slots ?? []
        for relation in relations {
            if let row = relation.row { slots.insert(row) }
            for column in relation.columns + relation.hidden { slots.formUnion(slotsUsed(column.value.expr)) }
        }
        return slots
    }

    func relation(_ name: String) -> SQLRelation? { SQLName.find(name, in: relations) { $0.name } }
}

/// How names are compared: as they are written first, and otherwise whatever their case, since a name without quotes has none.
package enum SQLName {
    static func areSame(_ left: String, _ right: String) -> Bool { folded(left) == folded(right) }

    /// A name without its case. Compared by bytes: canonically equivalent texts are different names.
    package static func folded(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8)
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
        return Array(name.lowercased().utf8)
    }

    /// What a name calls that is made by it: without quotes, it has no case.
    package static func folded(_ name: Name) -> String {
        name.isQuoted ? name.text : String(decoding: folded(name.text), as: UTF8.self)
    }

    package static func find<Item>(_ name: String, in items: [Item], _ called: (Item) -> String) -> Item? {
        if let exact = items.first(where: { called($0).utf8.elementsEqual(name.utf8) }) { return exact }
        let wanted = folded(name)
        return items.first { folded(called($0)) == wanted }
    }
}
