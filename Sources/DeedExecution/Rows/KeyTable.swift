// Numbers for distinct keys of one or more columns, in the order in which they first come: what grouping, DISTINCT and joins
// hash with. Keys are the same if they are equivalent (null is null, 1 is 1.0).
//
// A single column of ids, integers or dates is kept as words, a single column of strings as bytes, and several columns, or one of
// another type that has an array, as rows of words (KeyRows). All of them change to general values for good when something else
// comes.

import DeedEngine
import DeedValues
import Glibc

final class KeyTable {
    private enum Form {
        case undecided
        case words(ColumnVector.Kind)
        case strings
        case rows
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
    private var rows: KeyRows?
    private var nullNumber: UInt32?
    private var bytesOutside = 0
    /// For words below its count the number plus 1, as in `places`, or 0 for those that are no keys: small integers need no hash.
    /// Empty while there are none. It grows with the table where the keys lie close together, as numbers of rows do.
    private var small: [UInt32] = []
    private var greatestWord: UInt64 = 0
    private static let smallCount = 4_096
    /// As many words for each place may be noted by themselves; the table is at least a quarter full.
    private static let smallShare: UInt64 = 4
    /// Not worth it for fewer rows.
    private static let smallRows = 64

    static let absent = UInt32.max
    /// Keys cannot be prepared to collide without knowing it.
    private static let seed = UInt64.random(in: .min ... .max)

    init(width: Int) { self.width = width }

    /// Bytes held, roughly.
    var size: Int {
        let stride = MemoryLayout<Value>.stride
        let tables = (places.count + small.count) * 4
        return tables + count * 24 + heap.size + values.count * stride + bytesOutside + (rows?.size ?? 0)
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
        // Shown when the rows are put together.
        case .rows: true
        }
    }

    private func choose(_ columns: [ColumnVector]) {
        if case .undecided = form {
            switch width == 1 ? columns[0].kind : .any {
            case .int64, .entity, .relationship, .date: form = .words(columns[0].kind)
            case .string:
                form = .strings
                // The key that was null has its place among the words.
                if nullNumber != nil { strings = [UnsafeRawBufferPointer(start: nil, count: 0)] }
            case .null: break
            default:
                // A single key that was null is in no row.
                if let made = nullNumber == nil ? KeyRows(columns) : nil {
                    (rows, form) = (made, .rows)
                } else {
                    turnGeneral()
                }
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
        case .rows: numberRows(columns, rows, into: numbers, isAdding)
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
            // Those that came before are not to be looked for in vain.
            noteSmall()
        }
        var row = 0
        while row < rows {
            if nulls == nil { row = numberSmall(ids, from: row, rows, into: numbers, isAdding) }
            if row < rows { row = numberHashed(ids, nulls, from: row, rows, into: numbers, isAdding) }
            if row == rows { return }
            let word = ids[row]
            let hash = Self.hash(word)
            var place = Int(truncatingIfNeeded: hash) & (places.count &- 1)
            while places[place] != 0 { place = (place &+ 1) & (places.count &- 1) }
            numbers[row] = addWord(word, hash, at: place)
            row &+= 1
        }
    }

    /// Goes on until a key is unknown that is to be added, or words are small again; returns its row.
    private func numberHashed(
        _ ids: UnsafeMutablePointer<UInt64>, _ nulls: UnsafeMutablePointer<UInt8>?, from first: Int, _ rows: Int,
        into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool
    ) -> Int {
        let mask = places.count &- 1
        var row = first
        if let nulls {
            // Its number may have to be made, which the loop below does not do.
            let numberOfNull = (first..<rows).contains { nulls[$0] != 0 } ? numberOfNull(isAdding) : Self.absent
            for row in first..<rows where nulls[row] != 0 { numbers[row] = numberOfNull }
        }
        let nullNumber = self.nullNumber ?? Self.absent
        return places.withUnsafeBufferPointer { places in
            words.withUnsafeBufferPointer { words in
                while row < rows {
                    if let nulls, nulls[row] != 0 {
                        row &+= 1
                        continue
                    }
                    let word = ids[row]
                    var place = Int(truncatingIfNeeded: Self.hash(word)) & mask
                    while true {
                        let entry = places[place]
                        if entry == 0 {
                            if isAdding { return row }
                            numbers[row] = Self.absent
                            break
                        }
                        if words[Int(entry &- 1)] == word && entry &- 1 != nullNumber {
                            numbers[row] = entry &- 1
                            break
                        }
                        place = (place &+ 1) & mask
                    }
                    row &+= 1
                }
                return row
            }
        }
    }

    /// Goes on while words are small, and have numbers or need none; returns the first row that is not so.
    @inline(__always)
    private func numberSmall(
        _ words: UnsafeMutablePointer<UInt64>, from first: Int, _ rows: Int, into numbers: UnsafeMutablePointer<UInt32>,
        _ isAdding: Bool
    ) -> Int {
        let count = UInt64(small.count)
        return small.withUnsafeBufferPointer { small in
            var row = first
            while row < rows {
                let word = words[row]
                if word >= count { return row }
                let entry = small[Int(truncatingIfNeeded: word)]
                if entry == 0 && isAdding { return row }
                // Of 0 that makes `absent`.
                numbers[row] = entry &- 1
                row &+= 1
            }
            return row
        }
    }

    /// Notes all keys that are small.
    private func noteSmall() {
        for (number, word) in words.enumerated() where word < UInt64(small.count) && UInt32(number) != nullNumber {
            small[Int(word)] = UInt32(number) &+ 1
        }
    }

    private func addWord(_ word: UInt64, _ hash: UInt64, at place: Int) -> UInt32 {
        words.append(word)
        greatestWord = max(greatestWord, word)
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
            if let nullNumber, Int(nullNumber) == number, !hasNullAmongKeys { continue }
            var place = Int(truncatingIfNeeded: hash) & mask
            while places[place] != 0 { place = (place &+ 1) & mask }
            places[place] = UInt32(number) &+ 1
        }
        if !small.isEmpty, greatestWord >= UInt64(small.count), greatestWord < UInt64(places.count) * Self.smallShare {
            var wanted = small.count
            while UInt64(wanted) <= greatestWord { wanted *= 2 }
            small = Array(repeating: 0, count: wanted)
            noteSmall()
        }
    }

    /// In words and strings the key that is null has no place.
    private var hasNullAmongKeys: Bool { switch form { case .general, .rows: true; default: false } }

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

    // MARK: Rows of words

    private func numberRows(
        _ columns: [ColumnVector], _ count: Int, into numbers: UnsafeMutablePointer<UInt32>, _ isAdding: Bool
    ) {
        guard let rows, rows.encode(columns, count, seed: Self.seed) else {
            turnGeneral()
            return numberValues(columns, count, into: numbers, isAdding)
        }
        var row = 0
        while true {
            row = places.withUnsafeBufferPointer { places in
                hashes.withUnsafeBufferPointer { hashes in
                    rows.find(from: row, count, places, hashes, into: numbers, isAdding)
                }
            }
            if row == count { return }
            let hash = rows.hashes[row]
            var place = Int(truncatingIfNeeded: hash) & (places.count &- 1)
            while places[place] != 0 { place = (place &+ 1) & (places.count &- 1) }
            rows.add(row)
            numbers[row] = add(hash, at: place)
            row &+= 1
        }
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

    /// Keys of typed columns become values, under the same numbers.
    private func turnGeneral() {
        let keys = (0..<count).map { number in (0..<width).map { value(number, $0) } }
        (form, rows) = (.general, nil)
        (places, hashes, words, strings, small) = (Array(repeating: 0, count: 16), [], [], [], [])
        (count, nullNumber) = (0, nil)
        for key in keys { _ = numberOfValues(key, true) }
        heap = StringHeap()
    }

    // MARK: Numbers to keys

    func value(_ number: Int, _ column: Int) -> Value {
        if case .general = form { return values[number * width + column] }
        if let nullNumber, Int(nullNumber) == number { return .null }
        return switch form {
        case .words(.int64): .int(Int64(bitPattern: words[number]))
        case .words(.date): .date(CalendarDate(days: Int64(bitPattern: words[number])))
        case .words(.entity): .entity(words[number])
        case .words: .relationship(words[number])
        case .strings: .string(String(decoding: strings[number], as: UTF8.self))
        case .rows: rows?.value(number, column) ?? .null
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
        case .rows:
            return rows?.column(column, numbers) ?? ColumnVector(.null, capacity: numbers.count)
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
