// Signatures of procedures as they are written: `name(input :: TYPE, ...) :: (output :: TYPE, ...)`.

import DeedEngine
import DeedExecution

extension ProcedureSignature {
    init(parsing text: String) throws(DeedError) {
        var rest = Substring(text)
        let name = Self.trimmed(rest.prefix { $0 != "(" })
        rest = rest.dropFirst(rest.prefix { $0 != "(" }.count)
        guard !name.isEmpty, let inputs = try Self.fields(&rest) else { throw Self.malformed(text) }
        rest = Substring(Self.trimmed(rest))
        guard rest.hasPrefix("::") else { throw Self.malformed(text) }
        rest = Substring(Self.trimmed(rest.dropFirst(2)))
        if rest == "VOID" {
            self.init(name: name, inputs: inputs)
            return
        }
        guard let outputs = try Self.fields(&rest), Self.trimmed(rest).isEmpty else { throw Self.malformed(text) }
        self.init(name: name, inputs: inputs, outputs: outputs)
    }

    private static func malformed(_ text: String) -> DeedError {
        DeedError(
            .invalidArgument, "'\(text)' is no signature; one reads name(input :: TYPE) :: (output :: TYPE)")
    }

    /// What stands in parentheses, and is taken off the text; nil if there are none.
    private static func fields(_ text: inout Substring) throws(DeedError) -> [Field]? {
        guard text.hasPrefix("("), let end = text.firstIndex(of: ")") else { return nil }
        let inside = text[text.index(after: text.startIndex)..<end]
        text = text[text.index(after: end)...]
        if trimmed(inside).isEmpty { return [] }
        var fields: [Field] = []
        for part in inside.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: ":", omittingEmptySubsequences: true).map { trimmed($0) }
            guard pieces.count == 2, !pieces[0].isEmpty, !pieces[1].isEmpty else { throw malformed(String(part)) }
            fields.append(Field(pieces[0], pieces[1]))
        }
        return fields
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
