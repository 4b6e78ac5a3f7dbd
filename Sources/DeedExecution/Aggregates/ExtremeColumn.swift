// The least or greatest value in the order of all values, null if there are only nulls.

import DeedEngine
import DeedValues

final class ExtremeColumn: AggregateColumn {
    private let isMaximum: Bool
    /// By group, while only integers come; then `values`.
    private var integers: [Int64] = []
    private var hasValue: [Bool] = []
    private var values: [Value]?

    init(isMaximum: Bool) { self.isMaximum = isMaximum }

    override func resize(_ groups: Int) {
        if groups <= hasValue.count { return }
        let more = groups - hasValue.count
        hasValue += repeatElement(false, count: more)
        integers += repeatElement(0, count: more)
        values?.append(contentsOf: repeatElement(.null, count: more))
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) {
        guard let argument = arguments.first, argument.kind != .null else { return }
        if argument.kind == .int64 && values == nil {
            let numbers = argument.ints
            for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row) {
                let group = Int(groups[row])
                let number = numbers[row]
                if !hasValue[group] || (isMaximum ? number > integers[group] : number < integers[group]) {
                    (integers[group], hasValue[group]) = (number, true)
                }
            }
            return
        }
        for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row) {
            offer(argument.value(row), Int(groups[row]))
        }
    }

    private func offer(_ value: Value, _ group: Int) {
        var kept = values ?? hasValue.indices.map { hasValue[$0] ? .int(integers[$0]) : .null }
        values = nil
        defer { values = kept }
        let order = kept[group].isNull ? 0 : Value.order(value, kept[group])
        if kept[group].isNull || (isMaximum ? order > 0 : order < 0) { kept[group] = value }
        hasValue[group] = true
    }

    override func finish(_ group: Int) -> Value {
        if let values { return values[group] }
        return hasValue[group] ? .int(integers[group]) : .null
    }

    override func states(_ groups: Range<Int>) -> [ColumnVector] { [ColumnVector(groups.map { finish($0) })] }

    override func absorb(_ states: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) {
        update(groups, states, admitted: nil, count: count)
    }
}
