// The keywords of a language by their letters, whatever the case: a hash table with open addressing, made once.

struct KeywordTable: Sendable {
    private static let slotBits = 9
    private static let lengthMax = 24

    private let slots: [UInt8]
    /// By code, in lower case; code 0 is no keyword.
    private let words: [[UInt8]]

    /// `words[i]` gets the code `i + 1`. At most 255, of at most 24 ASCII letters.
    init(_ texts: [String]) {
        var slots = [UInt8](repeating: 0, count: 1 << Self.slotBits)
        var words: [[UInt8]] = [[]]
        for text in texts {
            let word = text.utf8.map { $0 | 0x20 }
            precondition(word.count <= Self.lengthMax && words.count < 256, "a keyword that the table has no room for")
            var slot = word.withUnsafeBufferPointer { Self.slot(of: $0) }
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt8(words.count)
            words.append(word)
        }
        (self.slots, self.words) = (slots, words)
    }

    /// The code of the word; 0 if it is no keyword.
    func code(of word: UnsafeBufferPointer<UInt8>) -> UInt8 {
        guard word.count <= Self.lengthMax else { return 0 }
        var slot = Self.slot(of: word)
        while slots[slot] != 0 {
            let candidate = words[Int(slots[slot])]
            if candidate.count == word.count && Self.isEqual(candidate, word) { return slots[slot] }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return 0
    }

    private static func isEqual(_ candidate: [UInt8], _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in 0..<candidate.count {
            // Setting the bit makes letters small; what else it changes into a letter is not in a word (`@`, `[`), save
            // for the underscore, which becomes DEL.
            if candidate[index] != word[index] | 0x20 { return false }
        }
        return true
    }

    private static func slot(of word: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in word { hash = (hash ^ UInt32(byte | 0x20)) &* 16_777_619 }
        return Int((hash ^ (hash >> 15)) & UInt32((1 << slotBits) - 1))
    }
}
