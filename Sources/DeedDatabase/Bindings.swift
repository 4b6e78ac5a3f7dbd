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

    package init(names: [String]) {
        self.names = names
        values = Array(repeating: .null, count: names.count)
        isGiven = Array(repeating: false, count: names.count)
    }

    /// False for a name that the statement does not have.
    package func set(_ name: UnsafeRawBufferPointer, _ value: Value) -> Bool {
        for position in names.indices where isEqual(names[position], name) {
            (values[position], isGiven[position]) = (value, true)
            return true
        }
        return false
    }

    private func isEqual(_ name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var name = name
        return name.withUTF8 { compareBytes(UnsafeRawBufferPointer($0), bytes) == 0 }
    }

    package func clear() {
        for position in values.indices where isGiven[position] { (values[position], isGiven[position]) = (.null, false) }
    }

    /// The first parameter without a value.
    var missing: String? { isGiven.firstIndex(of: false).map { names[$0] } }
}
