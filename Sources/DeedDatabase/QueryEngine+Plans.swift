// Plans as data: explained, set for the queries of a shape, and followed.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues

extension QueryEngine {
    /// The plan of a query as JSON (PlanDocument): the one that would be used now, or what comes of a given one. Runs nothing.
    package func explainPlan(_ text: String, following plan: String? = nil) throws -> String {
        let given = try plan.map { text throws in try PlanDocument(parsing: text) }
        let query = try planned(text, following: given)
        let operators = query.plan.operators
        return PlanDocument(shape: query.planShape, choices: query.plan.choices).json([
            ("pin", pinJSON(query.pin)), ("cost", .number(query.plan.root.cost)),
            ("operators", .array(operators.nodes.indices.map { .object(operators.nodes[$0].json(depth: operators.depths[$0])) })),
        ]).text
    }

    private func pinJSON(_ found: PlanPins.Found) -> JSON {
        guard let pin = found.pin else { return .null }
        return .object([
            ("plan", .string(pin.document.choices.identity)), ("followed", .bool(found.refusal == nil)),
            ("reason", found.refusal.map { .string($0) } ?? .null),
        ])
    }

    /// From now on queries of the shape have this plan, as long as what it uses is there. `shape`: as reports have it, or the text of
    /// one of the queries.
    package func setPlan(_ shape: String, _ plan: String) throws {
        let document = try PlanDocument(parsing: plan)
        _ = try planned(shape, following: document)
        try pins.set(PlanPin(document))
    }

    /// Queries of the shape are planned as they are without a set plan; false if there was none.
    package func clearPlan(_ shape: String) throws -> Bool {
        if pins.clear(shape) { return true }
        return pins.clear(normalShape(shape))
    }

    /// The plans that are set, as JSON: an array of documents, by shape.
    package func setPlans() -> String { JSON.array(pins.all.map { $0.document.json([]) }).text }

    /// What could be chosen for a query, and what it would cost, as JSON: for each pattern the graph of what is joined, and candidates
    /// with their steps and costs. Runs nothing.
    package func planSpace(_ text: String) throws -> String {
        let account = try chargePlanning(text)
        defer { account.clear() }
        let normal = normalizeCypher(text)
        guard case .query(let query, let mode) = try parse(text, normal) else {
            throw DeedError(.invalidArgument, "the statement is a command, which has no plan")
        }
        let catalog = GraphCatalog(view: try GraphView(graph, nil), procedures: procedures)
        let planner = Planner(catalog: catalog, literals: normal?.literals ?? [:])
        return JSON.object([
            ("version", .int(PlanDocument.version)), ("shape", .string(PreparedQuery.planShape(normal?.key ?? text, mode))),
            ("patterns", .array(try planner.space(query).map(\.json))),
        ]).text
    }

    private func normalShape(_ text: String) -> String {
        guard let key = normalizeCypher(text)?.key else { return text }
        for mode in [ExecutionMode.explain, .profile] {
            let shape = PreparedQuery.planShape(key, mode)
            if shape.utf8.count < key.utf8.count { return shape }
        }
        return key
    }

    // MARK: Planning

    /// A new plan of a text, which is not remembered.
    private func planned(_ text: String, following given: PlanDocument?) throws -> PreparedQuery {
        let interruption = Interruption()
        let account = try chargePlanning(text)
        defer { account.clear() }
        if let normal = normalizeCypher(text), let query = try planNormal(text, normal, interruption, following: given) {
            return query
        }
        guard case .query(let query, let mode) = try parse(text, nil) else {
            throw DeedError(.invalidArgument, "the statement is a command, which has no plan")
        }
        let source = PlanSource(text: text, shape: text, mode: mode, literals: [:])
        return try plan(query, source, interruption, following: given)
    }

    func follow(_ document: PlanDocument, _ query: Query, _ shape: String, _ planner: Planner) throws -> PlannedQuery {
        if !document.shape.utf8.elementsEqual(shape.utf8) {
            throw PlanDocument.refused("it is of another shape, '\(document.shape)', not '\(shape)'")
        }
        do {
            return try planner.plan(query, following: document.choices)
        } catch let error as PlanRefused {
            throw PlanDocument.refused(error.reason)
        }
    }

    /// The plan that is set for the shape, or the planner's own if there is none, or none that can be followed any more.
    func plan(_ query: Query, _ shape: String, _ planner: Planner) throws -> (PlannedQuery, PlanPins.Found) {
        var found = pins.find(shape)
        if let pin = found.pin {
            do {
                return (try planner.plan(query, following: pin.document.choices), found)
            } catch let error as DeedError {
                throw error
            } catch let error as PlanRefused {
                found.refusal = error.reason
            } catch {
                // Either the query is wrong, which the planner finds too, or the pinned plan has too many steps.
                found.refusal = "\((error as? QueryError)?.message ?? "\(error)")"
            }
        }
        return (try planner.plan(query), found)
    }
}

extension PlanNode {
    /// Of the details that much is told: they may be as long as the text of the query.
    private static let detailsMax = 500

    /// The operator alone, without what is below it.
    func json(depth: Int) -> [(key: String, value: JSON)] {
        var details = operatorDetails
        if details.utf8.count > Self.detailsMax { details = details.prefix(Self.detailsMax) + "..." }
        return [
            ("operator", .string(operatorName)), ("details", .string(details)), ("depth", .int(depth)),
            ("estimated_rows", .number(estimatedRows)),
        ]
    }
}
