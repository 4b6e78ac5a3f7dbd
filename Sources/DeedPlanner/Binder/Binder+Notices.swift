// What is odd about a query without being wrong: a label, a relationship type or a property that nothing in the store has.
// It finds nothing there, most likely since it is misspelt.

import DeedSyntax
import DeedValues

extension Binder {
    private static let noticesMax = 100

    /// Looks at a name that is read. What the query itself has written before may have it by then.
    func look(_ kind: CatalogName, _ name: Name) {
        if writes || notices.count >= Self.noticesMax || catalog.mayExist(kind, name.text) { return }
        if let known = unknownNames.first(where: { $0.kind == kind && NameKey($0.name) == NameKey(name.text) }) {
            return notices.append((known.message, name.range))
        }
        let hint = suggestion(for: name.text, among: catalog.names(of: kind))
        let message = "nothing has the \(kind.rawValue) `\(name.text)`\(hint)"
        unknownNames.append((kind, name.text, message))
        notices.append((message, name.range))
    }

    func look(_ kind: CatalogName, _ labels: LabelExpression?) {
        switch labels {
        case nil, .any?: return
        case .name(let name)?: look(kind, name)
        case .not(let inner)?: look(kind, inner)
        case .and(let left, let right)?, .or(let left, let right)?:
            look(kind, left)
            look(kind, right)
        }
    }

    /// The keys of a pattern's properties.
    func lookAtKeys(_ properties: Expression?) {
        guard case .map(let entries)? = properties?.kind else { return }
        for entry in entries { look(.property, entry.key) }
    }

    /// Everything that the patterns of a reading clause name.
    func look(_ pattern: PathPattern) {
        for element in pattern.elements {
            switch element {
            case .entity(let entity):
                look(.label, entity.labels)
                lookAtKeys(entity.properties)
            case .relationship(let relationship):
                look(.relationshipType, relationship.types)
                lookAtKeys(relationship.properties)
            case .group(let group): look(group.path)
            }
        }
    }
}
