// A digest of the state: equal for equal states, however they came about. Two stores that hold the same rows under the
// same ids, with the same names, have the same digest, be it that one was loaded and the other fed row by row, that one
// was opened a minute ago, or that their names have other numbers.
//
//   1. Each row is encoded in one canonical way: kind, id, table and ends, then its properties in the order of their names,
//      with names as text.
//   2. So is each index and constraint in use: what it is, its name and its table. (Their definitions have names as numbers.) Other
//      definitions have no numbers, and count as they are.
//   3. The encodings are hashed one by one, and the hashes added modulo 2^128, so that the order does not matter.
// Pheromone is statistics and not part of the state.

extension Graph {
    /// The digest of what is committed now, and the commit it is the state after. Beside readers and writers. O(values).
    package func stateDigest() throws(DeedError) -> (digest: Hash128, sequence: Timestamp) {
        try requireOpen()
        return try withSnapshot(nil) { snapshot throws(DeedError) in
            var sum = Hash128()
            for kind in [RowKind.entity, .relationship] {
                for number in 0..<directory(kind).count {
                    guard let segment = directory(kind)[number] else { continue }
                    try requireOpen()
                    add(try image(of: segment, for: snapshot), kind, to: &sum)
                }
            }
            for object in schema.objects where object.state == .ready { add(object, to: &sum) }
            return (sum, snapshot.timestamp)
        }
    }

    private func add(_ image: SegmentImage, _ kind: RowKind, to sum: inout Hash128) {
        if image.rowCount == 0 { return }
        let table = text(kind == .entity ? .collection : .relationshipType, image.table)
        let columns = image.columns.enumerated()
            .map { (index: $0.offset, name: text(.propertyKey, $0.element.key)) }
            .sorted { compareBytes($0.name, $1.name) < 0 }
        var row = ByteBuffer(capacity: 256)
        for position in 0..<image.rowCount {
            row.removeAll()
            row.append(kind.rawValue)
            row.append(varint: image.ids[position])
            row.append(sized: table)
            if let sources = image.sources, let targets = image.targets {
                row.append(varint: sources[position])
                row.append(varint: targets[position])
            }
            for column in columns {
                let cell = image.columns[column.index].chunk.cell(at: position)
                if cell.type == .null { continue }
                row.append(sized: column.name)
                LogRecord.append(cell, to: &row)
            }
            sum.add(SipHash.hash(row))
        }
    }

    private func add(_ object: SchemaObject, to sum: inout Hash128) {
        var encoded = ByteBuffer()
        // No kind of row has this number.
        encoded.append(0xff)
        encoded.append(object.kind.rawValue)
        encoded.append(object.rowKind.rawValue)
        encoded.append(sized: text(object.rowKind == .entity ? .collection : .relationshipType, object.table))
        encoded.append(sized: object.name)
        if object.kind == .definition { object.definition.withUnsafeBytes { encoded.append(sized: $0) } }
        sum.add(SipHash.hash(encoded))
    }

    /// The text of a name, which stays where it is as long as the graph.
    private func text(_ kind: NameKind, _ number: NameId) -> UnsafeRawBufferPointer {
        let text = names.text(kind, number)
        return UnsafeRawBufferPointer(start: text?.base, count: text?.size ?? 0)
    }
}
