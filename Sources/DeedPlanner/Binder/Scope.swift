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
        private(set) var variables: [Variable] = []
        /// Where each name came last, once there are more than are looked through one by one.
        private var places: [NameKey: Int] = [:]
        private static let fewMax = 16

        init(above below: Layer?) { self.below = below }

        /// The last one of a name.
        func find(_ name: NameKey) -> Variable? {
            if variables.count <= Self.fewMax { return variables.last { NameKey($0.name) == name } }
            return places[name].map { variables[$0] }
        }

        func add(_ variable: Variable) {
            if variables.isEmpty { variables.reserveCapacity(8) }
            variables.append(variable)
            if variables.count <= Self.fewMax { return }
            let first = places.isEmpty ? 0 : variables.count - 1
            for place in first..<variables.count { places[NameKey(variables[place].name)] = place }
        }
    }

    private var top: Layer?

    /// In order of introduction; of several of one name the last one counts.
    var variables: [Variable] {
        if let top, top.below == nil { return top.variables }
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
            if let variable = layer.find(key) { return variable }
            next = layer.below
        }
        return nil
    }

    mutating func add(_ variable: Variable) {
        if top == nil || !isKnownUniquelyReferenced(&top) { top = Layer(above: top) }
        top?.add(variable)
    }

    var slots: NumberSet {
        var slots = NumberSet()
        var next = top
        while let layer = next {
            for variable in layer.variables { slots.insert(variable.slot) }
            next = layer.below
        }
        return slots
    }

    /// Of several of one name the last.
    var visible: [Variable] {
        var seen: Set<NameKey> = []
        return variables.reversed().filter { seen.insert(NameKey($0.name)).inserted }.reversed()
    }
}
