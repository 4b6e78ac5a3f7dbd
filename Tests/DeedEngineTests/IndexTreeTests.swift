// The tree of an index against a sorted array: with nodes so small that they split and join all the time, through
// checkpoints that succeed and fail, dropping and reading in. And the encoding of keys against the order of values.

import Testing

@testable import DeedEngine

@Suite struct IndexTreeTests {
    private struct Entry: Hashable, Comparable {
        var key: [UInt8]
        var row: RowId

        static func < (left: Entry, right: Entry) -> Bool {
            if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
            return left.row < right.row
        }
    }

    enum Keys: CaseIterable, Sendable {
        case numbers, few, strings, long, mixed
    }

    private func key(_ keys: Keys, _ random: inout SeededRandom) -> [UInt8] {
        var buffer = ByteBuffer()
        let number = Int.random(in: 0..<400, using: &random)
        switch keys == .mixed ? Keys.allCases.randomElement(using: &random)! : keys {
        case .numbers, .mixed: IndexKey.append(Cell(type: .int64, bits: UInt64(number * 1_000_003)), to: &buffer)
        case .few: IndexKey.append(Cell(type: .int64, bits: UInt64(number % 3)), to: &buffer)
        case .strings: append("name \(number)\(number % 7 == 0 ? "\0end" : "")", to: &buffer)
        case .long: append(String(repeating: "long ", count: 10) + "\(number) and a tail that goes on", to: &buffer)
        }
        return Array(buffer.bytes)
    }

    private func append(_ text: String, to buffer: inout ByteBuffer) {
        var text = text
        text.withUTF8 { IndexKey.append(Cell(type: .string, bytes: UnsafeRawBufferPointer($0)), to: &buffer) }
    }

    @Test(arguments: Keys.allCases, [4, 7, 256]) func theTreeAgreesWithAnArray(_ keys: Keys, _ fanout: Int) throws {
        for seed in UInt64(1)...1 {
            var random = SeededRandom(seed)
            let directory = ScratchDirectory()
            let store = try KeyValueStore(path: directory.path)
            let pool = MemoryPool(limit: 64 << 20)
            var tree: IndexTree? = IndexTree(index: 3, store: store, pool, fanout: fanout)
            var model: [Entry] = []
            var generation: UInt64 = 1
            var root: IndexTree.StoredRoot?
            for step in 0..<(fanout == 256 ? 1200 : 500) {
                let entry = Entry(key: key(keys, &random), row: .random(in: 1..<5, using: &random))
                let position = model.partitioningIndex { !($0 < entry) }
                let isThere = position < model.count && model[position] == entry
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<(step % 250 < 170 ? 60 : 20):
                    var rivals: [RowId] = []
                    let isNew = try entry.key.withUnsafeBytes { try tree!.insert($0, entry.row, rivals: &rivals) }
                    #expect(isNew == !isThere, "seed \(seed), step \(step)")
                    #expect(rivals == model.filter { $0.key == entry.key && $0.row != entry.row }.map(\.row))
                    if isNew { model.insert(entry, at: position) }
                case 60..<62:
                    let run = IndexRun(pool)
                    let more = (0..<40).map { _ in Entry(key: key(keys, &random), row: .random(in: 1..<9, using: &random)) }
                    for entry in more.sorted(by: { $0.row < $1.row }) {
                        try entry.key.withUnsafeBytes { try run.append($0, entry.row) }
                    }
                    try run.sort()
                    var next = 0
                    while next < run.count { next = try tree!.insert(run, from: next) }
                    model = Set(model + more).sorted()
                case 62..<92:
                    let victim = Bool.random(using: &random) ? entry : model.randomElement(using: &random) ?? entry
                    let wasThere = try victim.key.withUnsafeBytes { try tree!.remove($0, victim.row) }
                    #expect(wasThere == model.contains(victim), "seed \(seed), step \(step)")
                    model.removeAll { $0 == victim }
                case 92..<95:
                    var save = IndexTree.Save()
                    let fails = Int.random(in: 0..<3, using: &random) == 0
                    do {
                        var batch = try WriteBatch(store)
                        var puts = 0
                        try tree!.write(&save, takeGeneration: { generation += 1; return generation }) {
                            key, value throws(DeedError) in
                            puts += 1
                            if fails && puts == 3 { throw DeedError(.ioError, "no") }
                            batch.put(.indexes, key, value)
                        }
                        for old in save.obsolete {
                            batch.delete(.indexes, StoreKeys.indexNode(3, old.generation, old.number))
                        }
                        try store.write(batch, sync: false)
                        tree!.publish(save)
                        root = save.root
                    } catch {
                        tree!.abandon(save)
                    }
                case 95..<97: tree!.evict { false }
                case 97 where root != nil && step % 3 == 0:
                    // What was changed since the last checkpoint is done again by recovery; here it is written first.
                    var save = IndexTree.Save()
                    try tree!.write(&save, takeGeneration: { generation += 1; return generation }) {
                        key, value throws(DeedError) in
                        var batch = try WriteBatch(store)
                        batch.put(.indexes, key, value)
                        try store.write(batch, sync: false)
                    }
                    tree = nil
                    #expect(pool.bytes(of: .indexes) == 0)
                    tree = IndexTree(index: 3, store: store, pool, fanout: fanout, stored: save.root)
                default: try compare(tree!, model, entry.key, model.randomElement(using: &random)?.key, &random)
                }
                #expect(tree!.entryCount == model.count, "seed \(seed), step \(step)")
            }
            try compare(tree!, model, nil, nil, &random)
            tree = nil
            #expect(pool.bytesTotal == 0)
            // Nothing is left behind but what the last root names.
            var stored = 0
            try store.forEach(in: .indexes) { _, _ throws(DeedError) in
                stored += 1
                return true
            }
            #expect(stored < 4 * (model.count + 600))
        }
    }

    private func compare(
        _ tree: IndexTree, _ model: [Entry], _ low: [UInt8]?, _ end: [UInt8]?, _ random: inout SeededRandom
    ) throws {
        let expected = model.filter { entry in
            (low.map { !entry.key.lexicographicallyPrecedes($0) } ?? true)
                && (end.map { entry.key.lexicographicallyPrecedes($0) } ?? true)
        }
        for isDescending in [false, true] {
            let cursor = IndexCursor()
            let limit = Int.random(in: 1..<50, using: &random)
            var found: [Entry] = []
            withBytes(low) { low in withBytes(end) { end in cursor.begin(low: low, end: end, descending: isDescending) } }
            while try cursor.advance(tree, limit: limit) {
                #expect(cursor.count <= limit)
                for index in 0..<cursor.count { found.append(Entry(key: Array(cursor.key(index)), row: cursor.rows[index])) }
            }
            #expect(found == (isDescending ? expected.reversed() : expected))
        }
    }

    private func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        if let bytes { bytes.withUnsafeBytes { body($0) } } else { body(nil) }
    }

    // MARK: Keys

    private func encoded(_ value: Value) -> [UInt8] {
        value.bytes.withUnsafeBytes { bytes in
            var buffer = ByteBuffer()
            let isFixed = value.type.isFixed
            IndexKey.append(isFixed ? Cell(type: value.type, bits: value.bits) : Cell(type: value.type, bytes: bytes), to: &buffer)
            return Array(buffer.bytes)
        }
    }

    @Test func numbersAreComparedExactly() {
        let edge = 1 << 53
        var integers = [0, 1, -1, 7, 255, 256, Int.max, Int.min, Int.max - 1, Int.min + 1, Int.max - 511, Int.max - 512]
        for offset in -3...3 { integers += [edge + offset, -edge + offset, 1 << 62 + offset, -(1 << 62) + offset] }
        let floats = [
            0.0, -0.0, 0.5, -0.5, 1, 1e300, -1e300, .infinity, -.infinity, 9_007_199_254_740_992, -9_007_199_254_740_992,
            9_223_372_036_854_775_808, -9_223_372_036_854_775_808, .leastNonzeroMagnitude, 4.611686018427388e18,
        ]
        for left in integers {
            for right in integers {
                #expect((encoded(.int(left)).lexicographicallyPrecedes(encoded(.int(right)))) == (left < right), "\(left) \(right)")
            }
            for right in floats {
                let (a, b) = (encoded(.int(left)), encoded(.float(right)))
                #expect(a.lexicographicallyPrecedes(b) == isLess(left, right), "\(left) \(right)")
                #expect(b.lexicographicallyPrecedes(a) == isLess(right, left), "\(left) \(right)")
            }
        }
        for left in floats {
            for right in floats {
                #expect((encoded(.float(left)).lexicographicallyPrecedes(encoded(.float(right)))) == (left < right))
            }
        }
    }

    /// Exactly, where the conversion of an integer to a float would round.
    private func isLess(_ left: Int, _ right: Double) -> Bool {
        if right >= 9_223_372_036_854_775_808 { return true }
        if right < -9_223_372_036_854_775_808 { return false }
        let whole = Int(right.rounded(.down))
        return left < whole || left == whole && right > right.rounded(.down)
    }

    private func isLess(_ left: Double, _ right: Int) -> Bool {
        if left >= 9_223_372_036_854_775_808 { return false }
        if left < -9_223_372_036_854_775_808 { return true }
        return Int(left.rounded(.down)) < right
    }

    @Test func stringsKeepTheirOrderBesideOtherValues() {
        let texts = ["", "\0", "\0\0", "a", "a\0", "a\0b", "a\u{1}", "ab", "ä", "z", "\u{10FFFF}"]
        let sorted = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        for (position, left) in sorted.enumerated() {
            for (other, right) in sorted.enumerated() {
                // Composite: whatever follows does not change the order.
                for (first, second) in [(Value.int(9), Value.null), (.null, .string("\u{10FFFF}")), (.int(0), .int(0))] {
                    let a = encoded(.string(left)) + encoded(first)
                    let b = encoded(.string(right)) + encoded(second)
                    if position != other { #expect(a.lexicographicallyPrecedes(b) == (position < other)) }
                }
            }
        }
        for (position, left) in sorted.enumerated() {
            for right in sorted[position...] {
                var prefix = ByteBuffer()
                var end = ByteBuffer()
                Array(left.utf8).withUnsafeBytes {
                    IndexKey.append(prefix: $0, to: &prefix)
                    IndexKey.append(prefix: $0, to: &end)
                }
                IndexKey.advance(&end)
                let key = encoded(.string(right))
                let isWithin = !key.lexicographicallyPrecedes(Array(prefix.bytes)) && key.lexicographicallyPrecedes(Array(end.bytes))
                #expect(isWithin == Array(right.utf8).starts(with: Array(left.utf8)), "\(left) \(right)")
            }
        }
    }
}

extension Array {
    /// The first position from which on a condition holds, which does not hold before.
    fileprivate func partitioningIndex(_ condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
