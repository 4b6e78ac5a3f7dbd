// The values that a caller has for the parameters of a statement, by position: who executes a statement again and again
// looks no name up.

import DeedEngine
import DeedExecution
import DeedValues

/// For one thread at a time.
package final class Bindings {
    package let names: [String]
    package private(set) var values: [Value]
    private var isGiven: [Bool]

    /// The names one behind the other, and where each ends.
    private let text: [UInt8]
    private let ends: [Int]

    package init(names: [String]) {
        self.names = names
        values = Array(repeating: .null, count: names.count)
        isGiven = Array(repeating: false, count: names.count)
        (text, ends) = names.reduce(into: ([], [])) { known, name in
            known.0 += name.utf8
            known.1.append(known.0.count)
        }
    }

    /// False for a name that the statement does not have.
    package func set(_ name: UnsafeRawBufferPointer, _ value: Value) -> Bool {
        var start = 0
        for position in ends.indices {
            let end = ends[position]
            if end &- start == name.count && isText(at: start, name) {
                (values[position], isGiven[position]) = (value, true)
                return true
            }
            start = end
        }
        return false
    }

    private func isText(at start: Int, _ name: UnsafeRawBufferPointer) -> Bool {
        text.withUnsafeBytes { compareBytes(UnsafeRawBufferPointer(rebasing: $0[start..<start &+ name.count]), name) == 0 }
    }

    package func clear() {
        for position in values.indices where isGiven[position] { (values[position], isGiven[position]) = (.null, false) }
    }

    /// The first parameter without a value.
    var missing: String? { isGiven.firstIndex(of: false).map { names[$0] } }
}
