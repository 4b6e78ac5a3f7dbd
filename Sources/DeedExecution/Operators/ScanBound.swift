// What a sort that keeps only the first rows tells the scan below it: which integers of the first key can still be among
// them. It narrows while rows come, so that most of a large table is never looked at.

import DeedEngine
import Synchronization

/// Shared by workers, each of which may narrow it.
final class ScanBound: Sendable {
    let property: String
    let isDescending: Bool
    /// The last integer that may still be wanted; at first, every one is.
    private let last: Atomic<Int64>

    init(_ property: String, isDescending: Bool) {
        (self.property, self.isDescending) = (property, isDescending)
        last = Atomic(isDescending ? .min : .max)
    }

    func reset() { last.store(isDescending ? .min : .max, ordering: .relaxed) }

    /// There are enough rows that come no later than this.
    func narrow(to key: Int64) {
        if isDescending { last.max(key, ordering: .relaxed) } else { last.min(key, ordering: .relaxed) }
    }

    /// nil while it leaves nothing out.
    func limit(_ view: GraphView) -> ScanLimit? {
        let key = last.load(ordering: .relaxed)
        if key == (isDescending ? .min : .max) { return nil }
        guard let property = view.propertyKey(property) else { return nil }
        return isDescending
            ? ScanLimit(property, least: key, greatest: .max) : ScanLimit(property, least: .min, greatest: key)
    }
}

extension PlanNode {
    /// The property of a scanned entity that an expression over the plan's rows stands for, where rows may be left out at the
    /// scan and all operators above it hand on the columns that they do not know.
    func scannedProperty(_ expr: Expr) -> String? {
        switch kind {
        case .filter(let child, _), .keep(let child, _): return child.scannedProperty(expr)
        case .project(let child, let columns):
            func before(_ slot: Slot) -> Expr { columns.first { $0.slot == slot }?.value ?? .slot(slot) }
            switch expr {
            case .slot(let slot): return child.scannedProperty(before(slot))
            case .property(.slot(let slot), let name): return child.scannedProperty(.property(before(slot), name))
            default: return nil
            }
        case .scanEntities(let entity, _):
            guard case .property(.slot(entity), let name) = expr else { return nil }
            return name
        default: return nil
        }
    }
}
