// Views of SQL as the store keeps them: the names of the columns and the text of the query, as JSON.

import DeedEngine
import DeedPlanner

struct ViewDefinition {
    /// Of the names of definitions that are views.
    static let prefix = "sql view "

    let view: SQLView

    init(_ view: SQLView) { self.view = view }

    var name: String { Self.prefix + view.name }

    var content: [UInt8] {
        Array(JSON.object([("columns", .array(view.columns.map { .string($0) })), ("text", .string(view.text))]).text.utf8)
    }

    /// nil for what is none.
    init?(decoding content: [UInt8], as name: String) {
        guard let json = try? JSONParser.parse(String(decoding: content, as: UTF8.self)), case .object(let entries) = json,
            case .string(let text)? = entries.first(where: { $0.0 == "text" })?.1,
            case .array(let columns)? = entries.first(where: { $0.0 == "columns" })?.1
        else { return nil }
        let names = columns.compactMap { column in
            if case .string(let name) = column { name } else { nil }
        }
        view = SQLView(name: String(name.dropFirst(Self.prefix.count)), columns: names, text: text)
    }
}
