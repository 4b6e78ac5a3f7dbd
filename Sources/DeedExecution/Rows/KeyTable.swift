// Numbers for distinct keys of one or more columns, in the order in which they first come: what grouping, DISTINCT and joins
// hash with. Keys are the same if they are equivalent (null is null, 1 is 1.0).
//
// A single column of ids or integers is kept as words, a single column of strings as bytes; both change to general values for good
// when something else comes.

import DeedEngine
import DeedValues
import Glibc

final class KeyTable {
    private enum Form {
        case undecided
        case words(ColumnVector.Kind)
        case strings
        case general
    }

    let width: Int
    private(set) var count = 0
    private var form = Form.undecided
    /// Numbers plus 1, by hash; 0 where nothing is.
    private var places = [UInt32](repeating: 0, count: 16)
    /// By number.
    private var hashes: [UInt64] = []
    private var words: [UInt64] = []
    private var strings: [UnsafeRawBufferPointer] = []
    private var heap = StringHeap()
    private var values: [Value] = []
    private var nullNumber: UInt32?
    private var bytesOutside = 0
    /// For words below its count the number plus 1, as in `places`: small integers need no hash. Empty while there are none.
    private var small: [UInt32] = []
    private static let smallCount = 4_096
    /// Not worth it for fewer rows.
    private static let smallRows = 64

    static let absent = UInt32.max
    /// Keys cannot be prepared to collide without knowing it.
    private static let seed = UInt64.random(in: .min ... .max)

    init(width: Int) { self.width = width }

    /// Bytes held, roughly.
    var size: Int {
        let stride = MemoryLayout<Value>.stride
        return (places.count + small.count) * 4 + count * 24 + heap.size + values.count * stride + bytesOutside
    }

    // MARK: Rows to numbers

    /// The number of each row's key; unknown keys are added.
    func insert(_ columns: [ColumnVector], count rows: Int, into numbers: UnsafeMutablePointer<UInt32>) {
        choose(columns)
        number(columns, rows, into: numbers, isAdding: true)
    }

    /// The number of each row's key, `absent` for unknown ones.
    func find(_ columns: [ColumnVector], count rows: Int, into numbers: UnsafeMutablePointer<UInt32>) {
        if count == 0 {
            numbers.update(repeating: Self.absent, count: rows)
            return
        }
        choose(columns)
        number(columns, rows, into: numbers, isAdding: false)
    }

    private func fits(_ columns: [ColumnVector]) -> Bool {
        let kind = columns[0].kind
        return switch form {
        case .undecided, .general: true
        case .words(let own): kind == own || kind == .null
        case .strings: kind == .string || kind == .null
        }
    }

    private func choose(_ columns: [ColumnVector]) {
        if case .undecided = form {
            switch width == 1 ? columns[0].kind : .any {
            case .int64, .entity, .relationship: form = .words(columns[0].kind)
            case .string:
                form = .strings
                // The key that was null has its place among the words.
                if nullNumber != nil { strings = [UnsafeRawBufferPointer(start: nil, count: 0)] }
            case .null: break
            default: turnGeneral()
            }
        } else if !fits(columns) {
            turnGeneral()
        }
    }

    private func number(
        _ columns: [ColumnVector], _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>, isAdding: Bool
    ) {
        switch form {
        case .undecided:
            // Only nulls so far.
            for row in 0..<rows { numbers[row] = numberOfNull(isAdding) }
        case .words(_) where columns[0].kind == .null, .strings where columns[0].kind == .null:
            for row in 0..<rows { numbers[row] = numberOfNull(isAdding) }
        case .words: numberWords(columns[0], rows, into: numbers, isAdding)
        case .strings: numberStrings(columns[0], rows, into: numbers, isAdding)
        case .general: numberValues(columns, rows, into: numbers, isAdding)
        }
    }

    private func numberOfNull(_ isAdding: Bool) -> UInt32 {
        if let nullNumber { return nullNumber }
        if !isAdding { return Self.absent }
        let number = UInt32(count)
        count += 1
        hashes.append(ValueHash.hash([.null], seed: Self.seed))
        switch form {
        case .strings: strings.append(UnsafeRawBufferPointer(start: nil, count: 0))
        default: words.append(0)
        }
        nullNumber = number
        return number
    }

    // MARK: Words

    @inline(__always)
    private static func hash(_ word: UInt64) -> UInt64 {
        let product = (word ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    private func numberWords(_ column: ColumnVector, _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool) {
        let ids = column.ids
        let nulls = column.nulls
        if small.isEmpty && isAdding && column.kind == .int64 && rows >= Self.smallRows {
            small = Array(repeating: 0, count: Self.smallCount)
        }
        var row = 0
        while row < rows {
            if nulls == nil { row = numberSmall(ids, from: row, rows, into: numbers) }
            if row == rows { return }
            defer { row &+= 1 }
            if let nulls, nulls[row] != 0 {
                numbers[row] = numberOfNull(isAdding)
                continue
            }
            let word = ids[row]
            let hash = Self.hash(word)
            var place = Int(truncatingIfNeeded: hash) & (places.count &- 1)
            while true {
                let entry = places[place]
                if entry == 0 {
                    numbers[row] = isAdding ? addWord(word, hash, at: place) : Self.absent
                    break
                }
                if words[Int(entry &- 1)] == word && entry &- 1 != nullNumber {
                    numbers[row] = entry &- 1
                    break
                }
                place = (place &+ 1) & (places.count &- 1)
            }
        }
    }

    /// Goes on while words are small and have numbers already; returns the first row that does not.
    @inline(__always)
    private func numberSmall(
        _ words: UnsafeMutablePointer<UInt64>, from first: Int, _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let count = UInt64(small.count)
        return small.withUnsafeBufferPointer { small in
            var row = first
            while row < rows {
                let word = words[row]
                if word >= count { return row }
                let entry = small[Int(truncatingIfNeeded: word)]
                if entry == 0 { return row }
                numbers[row] = entry &- 1
                row &+= 1
            }
            return row
        }
    }

    private func addWord(_ word: UInt64, _ hash: UInt64, at place: Int) -> UInt32 {
        words.append(word)
        let number = add(hash, at: place)
        if word < UInt64(small.count) { small[Int(truncatingIfNeeded: word)] = number &+ 1 }
        return number
    }

    /// The new key's hash; the key itself is in its place already.
    private func add(_ hash: UInt64, at place: Int) -> UInt32 {
        hashes.append(hash)
        let number = UInt32(count)
        count &+= 1
        places[place] = number &+ 1
        if count &* 2 > places.count { grow() }
        return number
    }

    private func grow() {
        places = Array(repeating: 0, count: places.count * 2)
        let mask = places.count &- 1
        for (number, hash) in hashes.enumerated() {
            if let nullNumber, Int(nullNumber) == number, !isGeneral { continue }
            var place = Int(truncatingIfNeeded: hash) & mask
            while places[place] != 0 { place = (place &+ 1) & mask }
            places[place] = UInt32(number) &+ 1
        }
    }

    private var isGeneral: Bool { if case .general = form { true } else { false } }

    // MARK: Strings

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = hash(UInt64(truncatingIfNeeded: bytes.count))
        var offset = 0
        while offset &+ 8 <= bytes.count {
            state = hash(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset &+= 8
        }
        var last: UInt64 = 0
        while offset < bytes.count {
            last = last &<< 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        return hash(state ^ last)
    }

    private func numberStrings(_ column: ColumnVector, _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool) {
        for row in 0..<rows {
            if column.isNull(row) {
                numbers[row] = numberOfNull(isAdding)
                continue
            }
            let bytes = column.stringBytes(row)
            let hash = Self.hash(bytes)
            var place = Int(truncatingIfNeeded: hash) & (places.count &- 1)
            while true {
                let entry = places[place]
                if entry == 0 {
                    numbers[row] = isAdding ? addString(bytes, hash, at: place) : Self.absent
                    break
                }
                let number = Int(entry &- 1)
                if hashes[number] == hash && areEqualBytes(strings[number], bytes) {
                    numbers[row] = entry &- 1
                    break
                }
                place = (place &+ 1) & (places.count &- 1)
            }
        }
    }

    private func addString(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64, at place: Int) -> UInt32 {
        strings.append(UnsafeRawBufferPointer(start: bytes.isEmpty ? nil : heap.add(bytes), count: bytes.count))
        return add(hash, at: place)
    }

    // MARK: General values

    private func numberValues(
        _ columns: [ColumnVector], _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool
    ) {
        var key = [Value](repeating: .null, count: width)
        for row in 0..<rows {
            for index in 0..<width { key[index] = columns[index].value(row) }
            numbers[row] = numberOfValues(key, isAdding)
        }
    }

    private func numberOfValues(_ key: [Value], _ isAdding: Bool) -> UInt32 {
        let hash = ValueHash.hash(key, seed: Self.seed)
        var place = Int(truncatingIfNeeded: hash) & (places.count &- 1)
        while places[place] != 0 {
            let number = Int(places[place] &- 1)
            if hashes[number] == hash && isKey(number, key) { return UInt32(number) }
            place = (place &+ 1) & (places.count &- 1)
        }
        if !isAdding { return Self.absent }
        values += key
        for value in key { bytesOutside &+= value.bytesOutside }
        return add(hash, at: place)
    }

    private func isKey(_ number: Int, _ key: [Value]) -> Bool {
        let first = number &* width
        for index in 0..<width where !Value.isEquivalent(values[first &+ index], key[index]) { return false }
        return true
    }

    /// Keys of one typed column become values, under the same numbers.
    private func turnGeneral() {
        let keys = (0..<count).map { value($0, 0) }
        form = .general
        (places, hashes, words, strings, small) = (Array(repeating: 0, count: 16), [], [], [], [])
        (count, nullNumber) = (0, nil)
        for key in keys { _ = numberOfValues([key], true) }
        heap = StringHeap()
    }

    // MARK: Numbers to keys

    func value(_ number: Int, _ column: Int) -> Value {
        if case .general = form { return values[number * width + column] }
        if let nullNumber, Int(nullNumber) == number { return .null }
        return switch form {
        case .words(.int64): .int(Int64(bitPattern: words[number]))
        case .words(.entity): .entity(words[number])
        case .words: .relationship(words[number])
        case .strings: .string(String(decoding: strings[number], as: UTF8.self))
        case .undecided, .general: .null
        }
    }

    /// Column `column` of the keys with these numbers.
    func column(_ column: Int, _ numbers: Range<Int>) -> ColumnVector {
        let result: ColumnVector
        switch form {
        case .words(let kind):
            result = ColumnVector(kind, capacity: numbers.count)
            for number in numbers { result.ids[number - numbers.lowerBound] = words[number] }
        case .strings:
            result = ColumnVector(.string, capacity: numbers.count)
            for number in numbers { result.setString(number - numbers.lowerBound, strings[number]) }
        case .undecided, .general: return ColumnVector(numbers.map { value($0, column) })
        }
        if let nullNumber, numbers.contains(Int(nullNumber)) { result.setNull(Int(nullNumber) - numbers.lowerBound) }
        return result
    }
}

@inline(__always)
func areEqualBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let leftBase = left.baseAddress, let rightBase = right.baseAddress, left.count > 0 else { return left.count == 0 }
    return memcmp(leftBase, rightBase, left.count) == 0
}
