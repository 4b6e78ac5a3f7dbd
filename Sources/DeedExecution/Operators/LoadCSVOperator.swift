// For each row the records of a file: as lists, or as maps by the names in the file's first record.

import DeedEngine
import DeedValues

final class LoadCSVOperator: Operator {
    private let child: Operator
    private let source: Evaluator
    private let slot: Slot
    private let withHeaders: Bool
    private let fieldTerminator: String
    private var input: Chunk?
    private var sources = ColumnVector(.null, capacity: 0)
    private var row = 0
    private var reader: CSVReader?
    private var headers: [String] = []

    init(
        _ child: Operator, _ source: Expr, row: Slot, withHeaders: Bool, fieldTerminator: String, _ context: QueryContext
    ) throws {
        (self.child, slot) = (child, row)
        (self.withHeaders, self.fieldTerminator) = (withHeaders, fieldTerminator)
        self.source = try makeEvaluator(source, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (input, reader, row) = (nil, nil, 0)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            guard let input else {
                guard let chunk = try child.next() else { return nil }
                (self.input, row) = (chunk, 0)
                sources = try source.evaluate(chunk, context)
                continue
            }
            if let reader {
                if let chunk = try records(input, reader) { return chunk }
                self.reader = nil
                row += 1
            } else if row == input.count {
                self.input = nil
            } else {
                try open()
            }
        }
    }

    private func open() throws {
        guard case .string(let source) = sources.value(row) else {
            throw QueryError(.typeError, "InvalidArgumentType", "LOAD CSV needs the path of a file")
        }
        let reader = try CSVReader(source, fieldTerminator: fieldTerminator)
        headers = []
        if withHeaders {
            for field in try reader.next() ?? [] {
                // A column without a name keeps its place.
                guard case .string(let name) = field else {
                    headers.append("")
                    continue
                }
                if headers.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
                    throw QueryError(.argumentError, "InvalidCSV", "two columns of \(source) have the name `\(name)`")
                }
                headers.append(name)
            }
        }
        self.reader = reader
    }

    private func records(_ input: Chunk, _ reader: CSVReader) throws -> Chunk? {
        let values = ColumnBuilder(capacity: Chunk.rowsMax, kind: .any)
        while values.count < context.chunkRows, let fields = try reader.next() {
            if withHeaders {
                let entries = headers.indices.map { $0 < fields.count ? fields[$0] : .null }
                values.append(.map(MapValue(keys: headers, values: entries)))
            } else {
                values.append(.list(fields))
            }
        }
        if values.count == 0 { return nil }
        var result = input.repeating(row, count: values.count)
        result.set(slot, values.finish())
        return result
    }
}
