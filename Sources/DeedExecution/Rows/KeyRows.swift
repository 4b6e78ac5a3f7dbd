// Keys of several columns as rows of words, all of one length: hashed column by column, and compared without a look at their types.
//
// The first word has a bit for each column that is null, whose words are 0 then. Behind it come the columns: one word for what has
// eight bytes or fewer, two for a text, which are its slot (ByteSlot). Two texts are the same if their slots are; of those that are
// too long for a slot the bytes are compared where only the second words differ.
//
// A float is the bits that it is. NaN are all the same; a zero with a sign, which is equivalent to the other one and still not the same, is
// not taken, nor is a value of another type than the column had before. Then the table that this belongs to goes on without it.

import DeedEngine
import DeedValues

final class KeyRows {
    private struct Piece {
        /// `null` until something else comes.
        var kind: ColumnVector.Kind
        let offset: Int
        /// It has two words.
        let isWide: Bool
    }

    private var pieces: [Piece]
    /// Words of a row.
    private let stride: Int
    /// Of all keys, in the order of their numbers.
    private var words: [UInt64] = []
    /// The second words of texts.
    private var isTail: [Bool]
    private let heap = StringHeap()
    /// Rows that `encode` has put together, and their hashes.
    private let encoded: UnsafeMutablePointer<UInt64>
    let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    /// The word of nulls has a bit for each.
    private static let columnsMax = 64

    /// nil for columns that do not all have arrays.
    init?(_ columns: [ColumnVector]) {
        if columns.count > Self.columnsMax || columns.contains(where: { $0.kind == .any }) { return nil }
        (pieces, isTail) = ([], [false])
        for column in columns {
            // What has been null so far may become a text.
            let isWide = column.kind == .string || column.kind == .null
            pieces.append(Piece(kind: column.kind, offset: isTail.count, isWide: isWide))
            isTail += isWide ? [false, true] : [false]
        }
        stride = isTail.count
        encoded = .allocate(capacity: Chunk.rowsMax * stride)
    }

    deinit {
        encoded.deallocate()
        hashes.deallocate()
    }

    var size: Int { words.count * 8 + heap.size }

    // MARK: Rows to words

    /// Puts the rows together and hashes them; false if they are not of the types that the keys have.
    func encode(_ columns: [ColumnVector], _ count: Int, seed: UInt64) -> Bool {
        for (index, column) in columns.enumerated() where column.kind != .null && column.kind != pieces[index].kind {
            if column.kind == .any || pieces[index].kind != .null { return false }
            pieces[index].kind = column.kind
            if pieces[index].isWide && column.kind != .string { isTail[pieces[index].offset + 1] = false }
        }
        for row in 0..<count { encoded[row &* stride] = 0 }
        var hasLongTexts = false
        for (index, column) in columns.enumerated() {
            let offset = pieces[index].offset
            switch column.kind {
            case .null: noteNulls(nil, index, count)
            case .bool:
                let bools = column.bools
                encode(count, at: offset) { UInt64(bools[$0]) }
            case .float64: if !encode(floats: column, count, at: offset) { return false }
            case .string: hasLongTexts = encode(texts: column, count, at: offset) || hasLongTexts
            default:
                let ids = column.ids
                encode(count, at: offset) { ids[$0] }
            }
            if pieces[index].isWide && column.kind != .string { encode(count, at: offset + 1) { _ in 0 } }
            if let nulls = column.nulls, column.kind != .null { noteNulls(nulls, index, count) }
        }
        hash(count, seed, hasLongTexts: hasLongTexts)
        return true
    }

    @inline(__always)
    private func encode(_ count: Int, at offset: Int, _ word: (Int) -> UInt64) {
        var place = encoded + offset
        for row in 0..<count {
            place.pointee = word(row)
            place += stride
        }
    }

    /// False if there is a zero with a sign. What stands for a row that is null may be anything.
    private func encode(floats column: ColumnVector, _ count: Int, at offset: Int) -> Bool {
        let (floats, nulls) = (column.floats, column.nulls)
        var hasSignedZero = false
        encode(count, at: offset) { row in
            let bits = floats[row].isNaN ? Double.nan.bitPattern : floats[row].bitPattern
            if bits == 1 &<< 63 { hasSignedZero = hasSignedZero || nulls.map { $0[row] == 0 } ?? true }
            return bits
        }
        return !hasSignedZero
    }

    /// True if one of them is longer than a slot.
    private func encode(texts column: ColumnVector, _ count: Int, at offset: Int) -> Bool {
        let nulls = column.nulls
        let slots = UnsafeRawPointer(column.strings).assumingMemoryBound(to: UInt64.self)
        var longest: UInt32 = 0
        var place = encoded + offset
        for row in 0..<count {
            (place[0], place[1]) = (slots[2 &* row], slots[2 &* row &+ 1])
            if nulls.map({ $0[row] == 0 }) ?? true { longest = max(longest, UInt32(truncatingIfNeeded: place[0])) }
            place += stride
        }
        return Int(longest) > ByteSlot.inlineMax
    }

    /// Of a column; all rows if there are no null bytes.
    private func noteNulls(_ nulls: UnsafeMutablePointer<UInt8>?, _ index: Int, _ count: Int) {
        let (offset, isWide, bit) = (pieces[index].offset, pieces[index].isWide, 1 as UInt64 &<< UInt64(index))
        for row in 0..<count {
            if let nulls, nulls[row] == 0 { continue }
            let place = encoded + row &* stride
            place[0] |= bit
            place[offset] = 0
            if isWide { place[offset &+ 1] = 0 }
        }
    }

    private func hash(_ count: Int, _ seed: UInt64, hasLongTexts: Bool) {
        var place = encoded
        for row in 0..<count {
            var state = seed
            for index in 0..<stride {
                let word = place[index]
                let isPlain = !hasLongTexts || !isTail[index] || Self.isInline(place[index &- 1])
                state = Self.mix(state, isPlain ? word : ValueHash.hash(text: Self.bytes(place[index &- 1], word), seed: 0))
            }
            hashes[row] = state
            place += stride
        }
    }

    @inline(__always)
    private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    // MARK: Texts

    @inline(__always)
    private static func isInline(_ first: UInt64) -> Bool { Int(UInt32(truncatingIfNeeded: first)) <= ByteSlot.inlineMax }

    /// Those of a text that is longer than its slot.
    @inline(__always)
    private static func bytes(_ first: UInt64, _ second: UInt64) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(second)), count: Int(UInt32(truncatingIfNeeded: first)))
    }

    // MARK: Keys

    /// Numbers of the rows that are keys, from `first` on. The first one that is none ends it if it is to be added, and is
    /// returned; otherwise it is `absent`.
    func find(
        from first: Int, _ count: Int, _ places: UnsafeBufferPointer<UInt32>, _ known: UnsafeBufferPointer<UInt64>,
        into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool
    ) -> Int {
        let mask = places.count &- 1
        return words.withUnsafeBufferPointer { words in
            for row in first..<count {
                let hash = hashes[row]
                var place = Int(truncatingIfNeeded: hash) & mask
                while true {
                    let entry = places[place]
                    if entry == 0 {
                        if isAdding { return row }
                        numbers[row] = KeyTable.absent
                        break
                    }
                    let number = Int(entry &- 1)
                    if known[number] == hash, isSame(words, number, row) {
                        numbers[row] = entry &- 1
                        break
                    }
                    place = (place &+ 1) & mask
                }
            }
            return count
        }
    }

    @inline(__always)
    private func isSame(_ words: UnsafeBufferPointer<UInt64>, _ number: Int, _ row: Int) -> Bool {
        let (key, other) = (number &* stride, row &* stride)
        for index in 0..<stride where words[key &+ index] != encoded[other &+ index] {
            guard isTail[index], case let first = encoded[other &+ index &- 1], !Self.isInline(first),
                areEqualBytes(Self.bytes(first, words[key &+ index]), Self.bytes(first, encoded[other &+ index]))
            else { return false }
        }
        return true
    }

    /// Makes a row that was put together the next key.
    func add(_ row: Int) {
        let start = words.count
        words.append(contentsOf: UnsafeBufferPointer(start: encoded + row &* stride, count: stride))
        for index in 0..<stride where isTail[index] && !Self.isInline(words[start &+ index &- 1]) {
            let bytes = Self.bytes(words[start &+ index &- 1], words[start &+ index])
            words[start &+ index] = UInt64(UInt(bitPattern: heap.add(bytes)))
        }
    }

    private func isNull(_ number: Int, _ column: Int) -> Bool { words[number * stride] & (1 &<< UInt64(column)) != 0 }

    func value(_ number: Int, _ column: Int) -> Value { self.column(column, number..<number + 1).value(0) }

    /// Column `column` of the keys with these numbers.
    func column(_ column: Int, _ numbers: Range<Int>) -> ColumnVector {
        let piece = pieces[column]
        let result = ColumnVector(piece.kind, capacity: numbers.count)
        if piece.kind == .null { return result }
        for (row, number) in numbers.enumerated() {
            let place = number * stride + piece.offset
            let isNull = isNull(number, column)
            switch piece.kind {
            case .bool: result.bools[row] = UInt8(truncatingIfNeeded: words[place])
            case .string where isNull || Self.isInline(words[place]):
                let words = UnsafeMutableRawPointer(result.strings + row).assumingMemoryBound(to: UInt64.self)
                (words[0], words[1]) = (self.words[place], self.words[place + 1])
            case .string: result.setString(row, Self.bytes(words[place], words[place + 1]))
            default: result.ids[row] = words[place]
            }
            if isNull { result.setNull(row) }
        }
        return result
    }
}
