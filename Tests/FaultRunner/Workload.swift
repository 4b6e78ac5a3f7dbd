// What the children of the fault table do to a store: numbered steps, each one transaction, whose outcome depends on the
// number alone. So what a store must hold is known from the number of steps that were acknowledged.

import DeedEngine

/// The numbers that the steps give to names, the same in every store.
struct Vocabulary {
    let batch: NameId
    let hub: NameId
    let next: NameId
    let member: NameId
    let number: NameId
    let position: NameId
    let touched: NameId
    let text: NameId

    fileprivate init(_ graph: Graph) throws(DeedError) {
        func intern(_ kind: NameKind, _ name: StaticString) throws(DeedError) -> NameId {
            try graph.names.intern(kind, UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
        batch = try intern(.collection, "Batch")
        hub = try intern(.collection, "Hub")
        next = try intern(.relationshipType, "NEXT")
        member = try intern(.relationshipType, "MEMBER")
        number = try intern(.propertyKey, "number")
        position = try intern(.propertyKey, "position")
        touched = try intern(.propertyKey, "touched")
        text = try intern(.propertyKey, "text")
    }
}

final class Workload {
    let graph: Graph
    let names: Vocabulary

    init(_ graph: Graph) throws(DeedError) {
        self.graph = graph
        names = try Vocabulary(graph)
    }

    // MARK: What the steps are

    static func isBulk(_ step: Int) -> Bool { step % 5 == 0 }
    static func size(_ step: Int) -> Int { isBulk(step) ? 40 : step % 7 + 2 }

    /// Adds a batch in a chain whose first entity is a member of the hub, touches the batch before the last one, and
    /// deletes an old one. Step 0 makes the hub. Some are committed in two phases.
    func run(_ step: Int, reaching stage: (Stage) -> Void) throws(DeedError) {
        if Self.isPrepared(step) { return try runPrepared(step, reaching: stage) }
        let transaction = try graph.begin(readOnly: false)
        do throws(DeedError) {
            if step == 0 {
                try withCells([]) { cells throws(DeedError) in
                    _ = try graph.addEntity(transaction, collection: names.hub, cells)
                }
            } else {
                try change(step, transaction)
            }
        } catch {
            graph.rollback(transaction)
            throw error
        }
        try graph.commit(transaction)
    }

    func change(_ step: Int, _ transaction: Transaction) throws(DeedError) {
        let ids = Self.isBulk(step) ? try load(step, transaction) : try add(step, transaction)
        guard let hub = try rows(names.hub).first?.id else { throw DeedError(.notFound, "the hub is gone") }
        try withCells([integer(names.number, step)]) { cells throws(DeedError) in
            _ = try graph.addRelationship(transaction, source: hub, target: ids[0], type: names.member, cells)
        }
        let all = try rows(names.batch)
        for row in all where row.number == step - 2 {
            try withCells([integer(names.touched, step)]) { cells throws(DeedError) in
                try graph.update(transaction, .entity, row.id, cells, replacing: false)
            }
        }
        for row in all where row.number == step - 4 { try graph.deleteEntity(transaction, row.id, detach: true) }
    }

    private func add(_ step: Int, _ transaction: Transaction) throws(DeedError) -> [RowId] {
        var ids: [RowId] = []
        for position in 0..<Self.size(step) {
            var text = String(repeating: "text \(step) ", count: 40)
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
            defer { copy.deallocate() }
            text.withUTF8 { copy.copyBytes(from: $0) }
            let cell = PropertyCell(key: names.text, cell: Cell(type: .string, bytes: UnsafeRawBufferPointer(copy)))
            let cells = [integer(names.number, step), integer(names.position, position), cell]
            try withCells(cells) { cells throws(DeedError) in
                ids.append(try graph.addEntity(transaction, collection: names.batch, cells))
            }
        }
        for (source, target) in zip(ids, ids.dropFirst()) {
            try withCells([integer(names.number, step)]) { cells throws(DeedError) in
                _ = try graph.addRelationship(transaction, source: source, target: target, type: names.next, cells)
            }
        }
        return ids
    }

    private func load(_ step: Int, _ transaction: Transaction) throws(DeedError) -> [RowId] {
        let count = Self.size(step)
        var ids = [RowId](repeating: 0, count: count)
        let numbers = [Int](repeating: step, count: count)
        let columns = [IntegerColumn(names.number, numbers), IntegerColumn(names.position, Array(0..<count))]
        try graph.loadEntities(
            transaction, collection: names.batch, count: count, columns: columns, ids: &ids, progress: { _, _ in true })
        let (sources, targets) = (Array(ids.dropLast()), Array(ids.dropFirst()))
        var links = [RowId](repeating: 0, count: sources.count)
        let column = IntegerColumn(names.number, Array(numbers.dropLast()))
        let sourceBuffer = UnsafeMutableBufferPointer<RowId>.allocate(capacity: sources.count)
        let targetBuffer = UnsafeMutableBufferPointer<RowId>.allocate(capacity: sources.count)
        defer {
            sourceBuffer.deallocate()
            targetBuffer.deallocate()
        }
        _ = sourceBuffer.initialize(from: sources)
        _ = targetBuffer.initialize(from: targets)
        try graph.loadRelationships(
            transaction, type: names.next, sources: UnsafeBufferPointer(sourceBuffer),
            targets: UnsafeBufferPointer(targetBuffer), columns: [column], ids: &links, progress: { _, _ in true })
        return ids
    }

    func integer(_ key: NameId, _ value: Int) -> PropertyCell {
        PropertyCell(key: key, cell: Cell(type: .int64, bits: UInt64(bitPattern: Int64(value))))
    }

    func withCells(
        _ cells: [PropertyCell], _ body: (UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Void
    ) throws(DeedError) {
        let copy = UnsafeMutableBufferPointer<PropertyCell>.allocate(capacity: cells.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: cells)
        try body(UnsafeBufferPointer(copy))
    }

    // MARK: What a store must hold

    struct Row: Hashable {
        var id: RowId = 0
        var number = 0
        var position = 0
        var touched = 0
        var source: RowId = 0
        var target: RowId = 0
    }

    /// A line for each row after so many steps, the ids left out.
    static func expected(after steps: Int) -> Set<String> {
        var lines: Set<String> = steps > 0 ? ["hub"] : []
        for number in 1..<max(steps, 1) where number + 4 >= steps {
            // Deleted four steps later.
            for position in 0..<size(number) {
                lines.insert("entity \(number) \(position) \(number + 2 < steps ? number + 2 : 0)")
                if position > 0 { lines.insert("chain \(number) \(position)") }
            }
            lines.insert("member \(number)")
        }
        return lines
    }

    /// A line for each row of the store, and for what its self-check finds.
    func found() throws(DeedError) -> Set<String> {
        var lines = try rowsFound()
        let batches = try rows(names.batch)
        if Set(batches.map { [$0.number, $0.position] }).count < batches.count { lines.insert("a row is there twice") }
        for line in try indexProblems(Dictionary(batches.map { ($0.id, $0) }) { first, _ in first }) { lines.insert(line) }
        for line in try graph.check() { lines.insert("check: \(line)") }
        return lines
    }

    /// A line for each row of the store.
    func rowsFound() throws(DeedError) -> Set<String> {
        var lines = Set(try rows(names.hub).map { _ in "hub" })
        var entities: [RowId: Row] = [:]
        for row in try rows(names.batch) {
            entities[row.id] = row
            lines.insert("entity \(row.number) \(row.position) \(row.touched)")
        }
        for link in try rows(names.next, .relationship) {
            let (source, target) = (entities[link.source], entities[link.target])
            let isRight = source.map { $0.number == link.number && $0.position + 1 == target?.position } ?? false
            lines.insert(isRight ? "chain \(link.number) \(target?.position ?? 0)" : "a wrong link \(link)")
        }
        for link in try rows(names.member, .relationship) {
            let isRight = entities[link.target].map { $0.number == link.number && $0.position == 0 } ?? false
            lines.insert(isRight ? "member \(link.number)" : "a wrong member \(link)")
        }
        return lines
    }

    private func rows(_ table: NameId, _ kind: RowKind = .entity) throws(DeedError) -> [Row] {
        let scan = try graph.scan(nil, kind, table)
        var rows: [Row] = []
        while let image = try scan.nextImage() {
            for index in 0..<image.rowCount {
                var row = Row(id: image.ids[index])
                row.source = image.sources?[index] ?? 0
                row.target = image.targets?[index] ?? 0
                for column in image.columns where column.chunk.isValid(index) {
                    let value = Int(Int64(bitPattern: column.chunk.cell(at: index).bits))
                    if column.key == names.number { row.number = value }
                    if column.key == names.position { row.position = value }
                    if column.key == names.touched { row.touched = value }
                }
                rows.append(row)
            }
        }
        return rows
    }
}

/// A column of integers for bulk loads.
private final class IntegerColumn: BulkColumn {
    let key: NameId
    private let values: [Int]

    init(_ key: NameId, _ values: [Int]) {
        self.key = key
        self.values = values
    }

    func fill(
        _ chunk: inout ColumnChunk, rows: UnsafePointer<UInt32>?, first: Int, count: Int, target: Int, _ pool: MemoryPool
    ) throws(DeedError) {
        for index in 0..<count {
            let row = rows.map { Int($0[index]) } ?? first + index
            try chunk.set(target + index, Cell(type: .int64, bits: UInt64(bitPattern: Int64(values[row]))), pool)
        }
    }
}
