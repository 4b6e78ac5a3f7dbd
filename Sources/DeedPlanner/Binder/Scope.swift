// The variables that an expression can refer to.

import DeedExecution
import DeedSyntax

struct Variable {
    let name: String
    let slot: Slot
    let type: StaticType
}

/// In order of introduction, which is the order of `RETURN *` before it is sorted. Names are few, so they are searched.
struct Scope {
    private(set) var variables: [Variable] = []

    subscript(name: String) -> Variable? { variables.last { $0.name.utf8.elementsEqual(name.utf8) } }

    mutating func add(_ variable: Variable) { variables.append(variable) }

    var slots: Set<Slot> { Set(variables.map(\.slot)) }

    /// Of several of one name the last.
    var visible: [Variable] {
        variables.enumerated().filter { index, variable in
            !variables[(index + 1)...].contains { $0.name.utf8.elementsEqual(variable.name.utf8) }
        }.map(\.element)
    }
}
