// Changes of many rows of one statement: the values come in columns, and what the rows have in common is looked up once.
//
// A failing row ends the call, and the rows before it stay changed: a query takes back the whole statement.

import DeedValues

/// The names that a statement has for what it writes, and their numbers once they are needed: a name keeps its number. For one
/// thread at a time.
package final class RowShape {
    /// Of the properties, in the order of the columns.
    package let properties: [String]
    fileprivate let labels: LabelSet
    private let table: String
    private let tableKind: NameKind
    private var tableNumber: NameId?
    private var keys: [NameId?]
    private var sources: [CellSource?] = []
    private let cells: UnsafeMutablePointer<PropertyCell>

    /// Of entities. The first label is their collection.
    package convenience init(labels: [String], properties: [String]) {
        self.init(LabelSet(labels), labels.first ?? "", .collection, properties)
    }

    /// Of relationships.
    package convenience init(type: String, properties: [String]) {
        self.init(LabelSet([]), type, .relationshipType, properties)
    }

    /// Of what is there already.
    package convenience init(property: String) { self.init(LabelSet([]), "", .collection, [property]) }

    private init(_ labels: LabelSet, _ table: String, _ tableKind: NameKind, _ properties: [String]) {
        (self.labels, self.table, self.tableKind, self.properties) = (labels, table, tableKind, properties)
        keys = Array(repeating: nil, count: properties.count)
        cells = .allocate(capacity: max(properties.count, 1))
    }

    deinit { cells.deallocate() }

    fileprivate func number(_ view: GraphView) throws(DeedError) -> NameId {
        if let tableNumber { return tableNumber }
        let number = try view.intern(tableKind, table)
        tableNumber = number
        return number
    }

    /// Takes the columns for the rows that follow. False if their values, or the labels, have to be encoded row by row. A
    /// property that no row has a value for gets no number.
    fileprivate func begin(_ columns: [ColumnVector], count: Int, _ view: GraphView) throws(DeedError) -> Bool {
        if properties.count > Limits.propertiesMax {
            throw DeedError(.limitExceeded, "\(properties.count) properties; the most is \(Limits.propertiesMax)")
        }
        sources.removeAll(keepingCapacity: true)
        for (position, column) in columns.enumerated() {
            if keys[position] == nil && !column.areNull(count) { keys[position] = try view.intern(.propertyKey, properties[position]) }
            sources.append(CellSource(column))
        }
        return labels.names.count <= 1 && sources.allSatisfy { $0 != nil }
    }

    /// The cells of a row, those without a value only if they are to remove one. Borrowed from the columns, and good until the
    /// next row.
    @inline(__always)
    fileprivate func cells(_ row: Int, keepingNulls: Bool) throws(DeedError) -> UnsafeBufferPointer<PropertyCell> {
        var count = 0
        for position in sources.indices {
            guard let key = keys[position], let cell = sources[position]?.cell(row) else { continue }
            if cell.type == .null && !keepingNulls { continue }
            if cell.bytes.count > Limits.valueBytesMax {
                throw DeedError(.limitExceeded, "a value of \(cell.bytes.count) bytes; the most is \(Limits.valueBytesMax)")
            }
            (cells + count).initialize(to: PropertyCell(key: key, cell: cell))
            count &+= 1
        }
        return UnsafeBufferPointer(start: cells, count: count)
    }

    fileprivate func encode(
        _ columns: [ColumnVector], _ row: Int, keepingNulls: Bool, to encoder: ValueEncoder
    ) throws(DeedError) {
        for (position, column) in columns.enumerated() {
            guard let key = keys[position] else { continue }
            let value = column.value(row)
            if !value.isNull { try encoder.append(key, value) } else if keepingNulls { encoder.append(key, Cell.null) }
        }
    }

    /// Knows the property from now on, if anything has it.
    fileprivate func lookUp(_ view: GraphView) { if keys[0] == nil { keys[0] = view.propertyKey(properties[0]) } }
}

extension GraphView {
    /// Creates an entity for each row. A column has the values of one property; null leaves it out.
    package func createEntities(
        _ shape: RowShape, _ columns: [ColumnVector], count: Int, into ids: UnsafeMutablePointer<UInt64>
    ) throws(DeedError) {
        try requireLabels(shape.labels)
        try requireWritable()
        let collection = try shape.number(self)
        try forEachRow(shape, columns, count, collection: collection) { row, transaction, cells throws(DeedError) in
            ids[row] = try graph.addEntity(transaction, collection: collection, cells)
        }
    }

    /// The same for relationships between entities.
    package func createRelationships(
        _ shape: RowShape, sources: UnsafePointer<UInt64>, targets: UnsafePointer<UInt64>, _ columns: [ColumnVector],
        count: Int, into ids: UnsafeMutablePointer<UInt64>
    ) throws(DeedError) {
        try requireWritable()
        let type = try shape.number(self)
        try forEachRow(shape, columns, count) { row, transaction, cells throws(DeedError) in
            ids[row] = try graph.addRelationship(
                transaction, source: sources[row], target: targets[row], type: type, cells)
        }
    }

    /// Sets the shape's property of each row, or removes it where the value is null. Rows with id 0 are passed over.
    package func setProperty(
        _ kind: RowKind, _ ids: UnsafePointer<UInt64>, _ shape: RowShape, _ values: ColumnVector, count: Int
    ) throws(DeedError) {
        try requireWritable()
        shape.lookUp(self)
        try forEachRow(shape, [values], count, keepingNulls: true) { row, transaction, cells throws(DeedError) in
            if ids[row] != 0 { try graph.update(transaction, kind, ids[row], cells, replacing: false) }
        }
    }

    /// Runs a statement for each row, with its cells. `collection`: of new entities, which may have further labels.
    @inline(__always)
    private func forEachRow(
        _ shape: RowShape, _ columns: [ColumnVector], _ count: Int, keepingNulls: Bool = false, collection: NameId? = nil,
        _ body: (Int, Transaction, UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Void
    ) throws(DeedError) {
        defer { withExtendedLifetime(columns) {} }
        if try shape.begin(columns, count: count, self) {
            for row in 0..<count {
                let cells = try shape.cells(row, keepingNulls: keepingNulls)
                try write { transaction throws(DeedError) in try body(row, transaction, cells) }
            }
            return
        }
        for row in 0..<count {
            encoder.removeAll()
            try shape.encode(columns, row, keepingNulls: keepingNulls, to: encoder)
            if let collection, shape.labels.names.count > 1 { try encode(shape.labels, of: collection) }
            try write { transaction throws(DeedError) in
                try encoder.withCells { cells throws(DeedError) in try body(row, transaction, cells) }
            }
        }
    }
}

extension ColumnVector {
    /// True if the first `count` rows are null.
    fileprivate func areNull(_ count: Int) -> Bool { (0..<count).allSatisfy { isNull($0) } }
}
