// The variables that an expression can refer to.

import DeedExecution
import DeedSyntax
import DeedValues

struct Variable {
    let name: String
    let slot: Slot
    let type: StaticType
}

/// A value: who has a copy does not see what is added to another. Since an expression may bring its own variables (`[x IN ...`)
/// thousands of times within a scope of thousands, copies share what they have in common: a scope is a chain of layers, and
/// adding to one that is shared begins a new layer.
struct Scope {
    private final class Layer {
        let below: Layer?
        /// In order of introduction.
        var variables: [Variable] = []
        /// Where each name came last.
        var places: [NameKey: Int] = [:]

        init(above below: Layer?) { self.below = below }
    }

    private var top: Layer?

    /// In order of introduction; of several of one name the last one counts.
    var variables: [Variable] {
        var layers: [Layer] = []
        var next = top
        while let layer = next {
            layers.append(layer)
            next = layer.below
        }
        return layers.reversed().flatMap(\.variables)
    }

    subscript(name: String) -> Variable? {
        let key = NameKey(name)
        var next = top
        while let layer = next {
            if let place = layer.places[key] { return layer.variables[place] }
            next = layer.below
        }
        return nil
    }

    mutating func add(_ variable: Variable) {
        if top == nil || !isKnownUniquelyReferenced(&top) { top = Layer(above: top) }
        guard let top else { return }
        top.places[NameKey(variable.name)] = top.variables.count
        top.variables.append(variable)
    }

    var slots: Set<Slot> { Set(variables.map(\.slot)) }

    /// Of several of one name the last.
    var visible: [Variable] {
        var seen: Set<NameKey> = []
        return variables.reversed().filter { seen.insert(NameKey($0.name)).inserted }.reversed()
    }
}
