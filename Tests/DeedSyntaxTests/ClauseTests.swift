// Clauses, patterns and commands, each in every form.

import Testing

@testable import DeedSyntax

@Test(arguments: [
    ("MATCH (a) RETURN a", "(match (a)) (return a)"),
    ("match (a:A:B {x: 1}), (b) where a.x = b return *;", "(match (a:(& A B) {x: 1}), (b), WHERE (compare (. a x) = b)) (return *)"),
    ("OPTIONAL MATCH p = (a)-->(b) RETURN p", "(optional p = (a) -[]-> (b)) (return p)"),
    ("UNWIND [1, 2] AS x RETURN DISTINCT x, x + 1 AS y ORDER BY x DESC, y ASC SKIP 1 LIMIT $n",
        "(unwind [1 2] x) (return DISTINCT x (+ x 1) AS y ORDER x DESC, y SKIP 1 LIMIT $n)"),
    ("RETURN 1 AS a OFFSET 2", "(return 1 AS a SKIP 2)"),
    ("MATCH (a) WITH *, a.x AS x WHERE x > 1 RETURN x", "(match (a)) (with * (. a x) AS x WHERE (compare x > 1)) (return x)"),
    ("RETURN 1 AS a UNION RETURN 2 AS a UNION ALL RETURN 3 AS a",
        "(return 1 AS a) union (return 2 AS a) unionAll (return 3 AS a)"),
    ("CREATE (a:A {x: 1})-[r:T {y: 2}]->(b), (c $map)", "(create (a:A {x: 1}) -[r:T {y: 2}]-> (b), (c $map))"),
    ("MERGE (a:A) ON CREATE SET a.x = 1 ON MATCH SET a.y = 2, a:B",
        "(merge (a:A) create[(. a x) = 1] match[(. a y) = 2, a:B])"),
    ("MATCH (n) SET n.x = 1, n = {}, n += $m, n:A:B, (n).y = 2",
        "(match (n)) (set (. n x) = 1, n = {}, n += $m, n:A:B, (. n y) = 2)"),
    ("MATCH (n) REMOVE n.x, n:A:B", "(match (n)) (remove (. n x), n:A:B)"),
    ("MATCH (n) DETACH DELETE n, n.x", "(match (n)) (detach n, (. n x))"),
    ("MATCH (n) NODETACH DELETE n", "(match (n)) (delete n)"),
    ("FOREACH (x IN [1] | CREATE (:A {x: x}) SET x.y = 1)", "(foreach x [1] (create (:A {x: x})) (set (. x y) = 1))"),
    ("LOAD CSV WITH HEADERS FROM 'f' AS row FIELDTERMINATOR ';' RETURN row", "(load headers 'f' row ';') (return row)"),
    ("MATCH (n) CREATE (m) FINISH", "(match (n)) (create (m)) (finish)"),
    ("CREATE (a) MATCH (b) RETURN b", "(create (a)) (match (b)) (return b)"),
    ("EXPLAIN RETURN 1", "explain (return 1)"), ("PROFILE RETURN 1", "profile (return 1)"),
    ("BEGIN", "begin"), ("COMMIT TRANSACTION;", "commit"), ("ROLLBACK", "rollback"),
])
func clausesAreRead(text: String, expected: String) {
    #expect(statement(text) == expected)
}

@Test(arguments: [
    ("CALL a.b.c", "(procedure a.b.c)"), ("CALL f(1, x) YIELD *", "(procedure f(1 x) yield *)"),
    ("CALL f() YIELD a, b AS c WHERE c > 1 RETURN c", "(procedure f() yield a, b AS c WHERE (compare c > 1)) (return c)"),
    ("MATCH (n) CALL { WITH n RETURN n.x AS x } RETURN x", "(match (n)) (call (with n) (return (. n x) AS x)) (return x)"),
    ("MATCH (a), (b) CALL (a, b) { CREATE (c) } FINISH", "(match (a), (b)) (call(a b) (create (c))) (finish)"),
    ("MATCH (a) OPTIONAL CALL (*) { RETURN 1 AS x } RETURN x", "(match (a)) (optionalCall(*) (return 1 AS x)) (return x)"),
    ("CALL () { CREATE (a) } IN TRANSACTIONS OF 10 ROWS", "(call() (create (a)) batches 10)"),
    ("CALL { CREATE (a) } IN TRANSACTIONS", "(call (create (a)) batches _)"),
    ("CALL { CREATE (a) } IN TRANSACTIONS ON ERROR FAIL", "(call (create (a)) batches _)"),
    ("CALL { CREATE (a) } IN TRANSACTIONS OF 1 ROW ON ERROR CONTINUE REPORT STATUS AS s RETURN s",
        "(call (create (a)) batches 1 onError continue status s) (return s)"),
    ("CALL { CREATE (a) } IN TRANSACTIONS ON ERROR BREAK RETURN error", "(call (create (a)) batches _ onError break) (return error)"),
    ("SHOW FUNCTIONS", "(procedure deed.functions() yield *)"), ("show procedures;", "(procedure deed.procedures() yield *)"),
])
func callsAreRead(text: String, expected: String) {
    #expect(statement(text) == expected)
}

@Test(arguments: [
    ("(a)-[r:A|B|:C]-(b)", "(a) -[r:(| (| A B) C)]- (b)"), ("(a)<-[*]-(b)-[*2]->(c)", "(a) <-[*1..]- (b) -[*2..2]-> (c)"),
    ("(a)-[r:T*1..3 {x: 1}]->()", "(a) -[r:T*1..3 {x: 1}]-> ()"),
    ("()-[*..3]-()-[*2..]-()-[*..]-()", "() -[*1..3]- () -[*2..]- () -[*1..]- ()"),
    ("(a)<-->(b)<--(c)", "(a) -[]- (b) <-[]- (c)"),
    ("(a:A|B&!C)", "(a:(| A (& B !C)))"), ("(:!(A|B))", "(:!(| A B))"), ("(:%)", "(:%)"), ("(n IS A|B)", "(n:(| A B))"),
    ("(n:A WHERE n.x > 1)-[r:T WHERE r.y]->()", "(n:A WHERE (compare (. n x) > 1)) -[r:T WHERE (. r y)]-> ()"),
    ("((a)-[r]->(b) WHERE a.x){1,3}", "() <(a) -[r]-> (b) WHERE (. a x)>*1..3 ()"),
    ("(x) ((a)-->(b))+ (y)-->(z)", "(x) <(a) -[]-> (b)>*1.. (y) -[]-> (z)"),
    ("((a)-->())* ((b)-->()){2}", "() <(a) -[]-> ()>*0.. () <(b) -[]-> ()>*2..2 ()"),
    ("(a)-[:T]->+(b)-->{2,}(c)--{,4}(d)<--*(e)", "(a) -[:T*1..]-> (b) -[*2..]-> (c) -[*0..4]- (d) <-[*0..]- (e)"),
    ("p = shortestPath((a)-[*]-(b))", "p = anyShortest (a) -[*1..]- (b)"),
    ("allShortestPaths((a)-[*]-(b))", "allShortest (a) -[*1..]- (b)"),
    ("p = ANY SHORTEST (a)-->+(b)", "p = anyShortest (a) -[*1..]-> (b)"),
    ("ALL SHORTEST PATHS (a)-->+(b)", "allShortest (a) -[*1..]-> (b)"),
    ("SHORTEST 3 (a)-->+(b)", "shortest(3) (a) -[*1..]-> (b)"),
    ("SHORTEST 2 PATH GROUPS (a)-->+(b)", "shortestGroups(2) (a) -[*1..]-> (b)"),
    ("ANY 2 TRAIL (a)-->+(b)", "any(2) trail (a) -[*1..]-> (b)"), ("p = WALK (a)-->+(b)", "p = walk (a) -[*1..]-> (b)"),
    ("ACYCLIC PATHS (a)-->(b)", "acyclic (a) -[]-> (b)"), ("((a)-->(b))", "(a) -[]-> (b)"),
])
func patternsAreRead(text: String, expected: String) {
    #expect(statement("MATCH " + text + " FINISH") == "(match \(expected)) (finish)")
}

@Test(arguments: [
    ("MATCH (n:A) USING INDEX n:A(x, y) USING SCAN n:A USING JOIN ON n WHERE n.x FINISH",
        "(match (n:A), WHERE (. n x), index n:A(x y), scan n:A, join n) (finish)"),
    ("CREATE INDEX FOR (n:A) ON (n.x)", "index _ label A x"),
    ("CREATE RANGE INDEX i IF NOT EXISTS FOR (n:A) ON (n.x, n.y)", "index i ifNotExists label A x y"),
    ("CREATE UNIQUE INDEX i FOR ()-[r:T]-() ON (r.x)", "unique index i type T x"),
    ("DROP INDEX i IF EXISTS", "dropIndex i ifExists"), ("SHOW INDEXES", "showIndexes"), ("show constraint;", "showConstraints"),
    ("CREATE CONSTRAINT c IF NOT EXISTS FOR (n:A) REQUIRE n.x IS UNIQUE", "constraint c ifNotExists label A unique(x)"),
    ("CREATE CONSTRAINT FOR (n:A) REQUIRE (n.x, n.y) IS NODE KEY", "constraint _ label A key(x y)"),
    ("CREATE CONSTRAINT c FOR ()-[r:T]->() REQUIRE r.x IS NOT NULL", "constraint c type T notNull(x)"),
    ("CREATE CONSTRAINT c FOR (n:A) REQUIRE n.x IS :: LIST<INTEGER NOT NULL>", "constraint c label A type(x LIST<INTEGER NOT NULL>)"),
    ("DROP CONSTRAINT c", "dropConstraint c"),
    ("CREATE index = (a)-[:T]->(b)", "(create index = (a) -[:T]-> (b))"),
])
func hintsAndSchemaCommandsAreRead(text: String, expected: String) {
    #expect(statement(text) == expected)
}

@Test func rangesAndColumnTextsAreThoseOfTheQuery() throws {
    let text = "MATCH (n)  RETURN n.x  +  1 , 'é'"
    guard case .query(let query, _) = try parseCypher(text), case .return(let projection) = query.parts[0].clauses[1].kind else {
        Issue.record("not a query")
        return
    }
    #expect(projection.items.map(\.text) == ["n.x  +  1", "'é'"])
    #expect(projection.items[0].expression.range == 18..<27)
    #expect(query.parts[0].clauses[0].range == 0..<9)
}
