// The keyword that somebody most likely meant by a word that none is.

enum Suggestion {
    /// The nearest of `candidates` (in upper case) by edits of single letters and swaps of neighbours; nil if none is near.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let written = word.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        // Longer words are no misspelt keyword, and the distance takes time in the square of the length.
        guard written.count >= 2 && written.count <= 24 else { return nil }
        var best: (text: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(written, Array(candidate.utf8))
            if distance <= max(1, candidate.utf8.count / 3) && distance < best?.distance ?? Int.max {
                best = (candidate, distance)
            }
        }
        return best?.text
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [Int](repeating: i + 1, count: b.count + 1)
            for j in 0..<b.count {
                row[j + 1] = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
