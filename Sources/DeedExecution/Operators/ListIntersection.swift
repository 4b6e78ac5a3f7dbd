// What several sorted lists of neighbours have in common, as in the worst-case-optimal joins of Ngo, Porat, Ré and Rudra (2012)
// and of Veldhuizen (2014).
//
// 1. The shortest of the lists is gone through. One word with a bit for each neighbour of a list mostly tells that something is
//    not in one of the others.
// 2. What may be in the others is looked for from where the last search has ended, by steps that double (galloping). What is
//    found instead is the next that is worth a look in the shortest list.
// 3. A neighbour that is in all of them comes once for each choice of entries that lead to it.

struct ListIntersection {
    struct Place {
        var list: SortedLists.List
        var next = 0
        /// The first entry that leads to the neighbour, and that after the last one.
        var first = 0
        var end = 0
        var chosen = 0

        @inline(__always)
        var entry: SortedLists.Entry { list.entries[chosen] }
    }

    let count: Int
    /// One for each list.
    let places: UnsafeMutablePointer<Place>
    private var shortest = 0
    /// True while the chosen entries are a choice that `next` has given.
    private var hasChoice = false

    init(count: Int) {
        self.count = count
        places = .allocate(capacity: count)
        places.initialize(repeating: Place(list: SortedLists.none), count: count)
    }

    func deallocate() { places.deallocate() }

    /// Begins with other lists, which `list` gives by number.
    mutating func begin(_ list: (Int) -> SortedLists.List) {
        (shortest, hasChoice) = (0, false)
        for number in 0..<count {
            places[number] = Place(list: list(number))
            if places[number].list.count < places[shortest].list.count { shortest = number }
        }
    }

    /// Entries that finding all choices goes through, at least.
    var shortestCount: Int { places[shortest].list.count }

    /// Goes to the next choice of one entry of each list, all with the same neighbour; false if there is none.
    @inline(__always)
    mutating func next() -> Bool {
        if hasChoice && chooseNext() { return true }
        hasChoice = findNext()
        return hasChoice
    }

    private func chooseNext() -> Bool {
        for number in (0..<count).reversed() {
            places[number].chosen &+= 1
            if places[number].chosen < places[number].end { return true }
            places[number].chosen = places[number].first
        }
        return false
    }

    private func findNext() -> Bool {
        let list = places[shortest].list
        var next = places[shortest].next
        search: while next < list.count {
            let neighbor = list.entries[next].neighbor
            let bit = SortedLists.bit(neighbor)
            for number in 0..<count where places[number].list.bits & bit == 0 {
                next &+= 1
                continue search
            }
            for number in 0..<count where number != shortest {
                let other = places[number].list
                let found = Self.gallop(other, from: places[number].next, to: neighbor)
                places[number].next = found
                if found == other.count { return false }
                if other.entries[found].neighbor == neighbor { continue }
                next = Self.gallop(list, from: next, to: other.entries[found].neighbor)
                continue search
            }
            places[shortest].next = next
            for number in 0..<count { choose(neighbor, in: number) }
            return true
        }
        places[shortest].next = next
        return false
    }

    /// Of a list that stands at the neighbour.
    @inline(__always)
    private func choose(_ neighbor: UInt64, in number: Int) {
        let place = places[number]
        var end = place.next &+ 1
        while end < place.list.count && place.list.entries[end].neighbor == neighbor { end &+= 1 }
        places[number] = Place(list: place.list, next: end, first: place.next, end: end, chosen: place.next)
    }

    /// The first place from `start` on whose neighbour is not less.
    @inline(__always)
    private static func gallop(_ list: SortedLists.List, from start: Int, to neighbor: UInt64) -> Int {
        var (low, step) = (start, 1)
        while low &+ step < list.count && list.entries[low &+ step].neighbor < neighbor {
            low &+= step
            step &*= 2
        }
        var high = min(low &+ step, list.count)
        while low < high {
            let middle = (low &+ high) / 2
            if list.entries[middle].neighbor < neighbor { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
