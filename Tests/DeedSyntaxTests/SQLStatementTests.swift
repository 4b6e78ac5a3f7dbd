// Queries and statements of SQL: what stands where in the tree. Each text has its tree behind the arrow.

import Testing

@testable import DeedSyntax

private let statements = #"""
    SELECT year, name, value, position, text FROM t
    => (select year, name, value, position, text from t)

    SELECT DISTINCT ON (a, b) 1 FROM s.t AS a (x, y), u v WHERE x > 1
    => (select distinct-on[a b] 1 from s.t as a(x y), u as v where (compare x > 1))

    SELECT DISTINCT a FROM t; ;
    => (select distinct a from t)

    SELECT ALL a FROM ONLY t *
    => (select a from t)

    SELECT FROM t
    => (select from t)

    SELECT 1 FROM LATERAL (SELECT 1) q, LATERAL f(1) WITH ORDINALITY AS g(v, n), s.h() AS z, ROWS FROM (f(1), g(2)) AS r(a, b)
    => (select 1 from lateral (select 1) as q, lateral (f 1) numbered as g(v n), (s.h) as z, (f 1) (g 2) as r(a b))

    SELECT 1 FROM a JOIN b ON a.x = b.x LEFT OUTER JOIN c USING (k, l) RIGHT JOIN d ON true CROSS JOIN e NATURAL FULL JOIN f
    => (select 1 from (full (cross (right (left (inner a b on (compare (. a x) = (. b x))) c using (k l)) d on true) e) f
    natural))

    SELECT 1 FROM a JOIN b JOIN c ON b.x = c.x ON a.x = b.x
    => (select 1 from (inner a (inner b c on (compare (. b x) = (. c x))) on (compare (. a x) = (. b x))))

    SELECT 1 FROM (a INNER JOIN b USING (k)) AS ab, (c), ((SELECT 1) UNION SELECT 2) u, (VALUES (1, 2), (3, DEFAULT)) AS v (a,
    b)
    => (select 1 from (inner a b using (k)) as ab, c, ([(select 1) union select 2]) as u, (values (1 2) (3 DEFAULT)) as v(a
    b))

    SELECT a, count(*) FROM t GROUP BY a, lower(b) HAVING count(*) > 1 ORDER BY 1 DESC, b NULLS FIRST, c USING >, d USING <
    NULLS LAST LIMIT 10 OFFSET 5
    => (select a, (count *) from t group a, (lower b) having (compare (count *) > 1) order[1 desc, b first, c desc, d last]
    limit 10 offset 5)

    SELECT 1 FROM t GROUP BY ROLLUP (a, (b, c)), CUBE (d), GROUPING SETS ((), (a, b), a, ROLLUP (c)), (x, y), ()
    => (select 1 from t group (rollup [a] [b c]), (cube [d]), (sets (set) (set a b) a (rollup [c])), (set x y), (set))

    SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY z), w2 AS (w RANGE UNBOUNDED PRECEDING)
    => (select (aggregate (rank) over w) from t window w{order[z]} window w2{w range start..current})

    SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4 UNION ALL TABLE s.t ORDER BY 1
    => ([select 1 union [select 2 intersect select 3] except-all select 4 union-all table s.t] order[1])

    (SELECT 1 ORDER BY 1) UNION DISTINCT (VALUES (1), (2) LIMIT 1) OFFSET 3 ROWS LIMIT ALL
    => ([(select 1 order[1]) union (values (1) (2) limit 1)] offset 3)

    SELECT 1 OFFSET 1 ROW FETCH FIRST 3 ROWS WITH TIES
    => (select 1 limit 3 ties offset 1)

    SELECT 1 FETCH NEXT ROW ONLY
    => (select 1 limit 1)

    SELECT 1 FROM t FOR UPDATE OF t SKIP LOCKED FOR NO KEY UPDATE NOWAIT FOR SHARE
    => (select 1 from t)

    VALUES (1, 'a'), (2, 'b')
    => (values (1 'a') (2 'b'))

    WITH RECURSIVE r (n) AS NOT MATERIALIZED (SELECT 1 UNION ALL SELECT n + 1 FROM r), s AS MATERIALIZED (TABLE t) SELECT *
    FROM r, s
    => (with recursive r(n) inline ([select 1 union-all select (+ n 1) from r]), s materialized (table t) select * from r, s)

    INSERT INTO s.t AS x (a, "B") VALUES (1, DEFAULT), (2, 3) ON CONFLICT (a) DO UPDATE SET b = excluded.b, (c, d) = (1, 2)
    WHERE x.a > 1 RETURNING *, a AS z
    => insert s.t as x(a "B") (values (1 DEFAULT) (2 3)) conflict(a) set b = (. excluded b), c d = (row 1 2) where (compare (.
    x a) > 1) returning *, a as z

    INSERT INTO t DEFAULT VALUES ON CONFLICT DO NOTHING
    => insert t defaults conflict nothing

    INSERT INTO t SELECT * FROM u ON CONFLICT ON CONSTRAINT c DO NOTHING
    => insert t (select * from u) conflict c nothing

    INSERT INTO t (SELECT 1) RETURNING t.a
    => insert t ((select 1)) returning (. t a)

    WITH x AS (SELECT 1) INSERT INTO t (a) SELECT * FROM x
    => with x (select 1) insert t(a) (select * from x)

    UPDATE t AS x SET a = 1, (b, c) = (SELECT 1, 2), d = DEFAULT FROM u JOIN v USING (k) WHERE x.a = u.a RETURNING x.*
    => update t as x set a = 1, b c = (scalar (select 1, 2)), d = DEFAULT from (inner u v using (k)) where (compare (. x a) =
    (. u a)) returning x.*

    UPDATE t y SET a = a + 1
    => update t as y set a = (+ a 1)

    DELETE FROM t x USING u, v WHERE x.a = u.a RETURNING a
    => delete t as x using u, v where (compare (. x a) = (. u a)) returning a

    WITH x AS (SELECT 1) DELETE FROM t
    => with x (select 1) delete t

    MERGE INTO t x USING (SELECT 1 AS a) s ON x.a = s.a WHEN MATCHED AND x.b > 1 THEN UPDATE SET b = 2 WHEN NOT MATCHED THEN
    INSERT (a, b) VALUES (s.a, DEFAULT) WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING
    => merge t as x using (select 1 as a) as s on (compare (. x a) = (. s a)) (matched and (compare (. x b) > 1) update b = 2)
    (unmatched insert(a b) (. s a) DEFAULT) (matched delete) (unmatched nothing)

    TRUNCATE TABLE a, s.b RESTART IDENTITY CASCADE
    => truncate a, s.b restart cascade

    TRUNCATE a CONTINUE IDENTITY RESTRICT
    => truncate a

    CREATE TEMP TABLE IF NOT EXISTS t (id bigserial PRIMARY KEY, a int NOT NULL DEFAULT 1 + 2 CHECK (a > 0), b text UNIQUE
    REFERENCES u (x) ON DELETE SET NULL ON UPDATE CASCADE, c, d varchar(10) CONSTRAINT q NULL, e int GENERATED ALWAYS AS
    IDENTITY, f int GENERATED ALWAYS AS (a * 2) STORED, g int GENERATED BY DEFAULT AS IDENTITY)
    => create temporary? t id <bigint> identity primaryKey, a <int> notNull default (+ 1 2) check (compare a > 0), b <text>
    unique references u(x) setNull cascade, c, d <varchar(10)> q:null, e <int> identity always, f <int> generated (* a 2), g
    <int> identity

    CREATE TABLE s.t (a int, PRIMARY KEY (a, b), CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES v ON DELETE NO ACTION, UNIQUE
    (c), CHECK (a < 5) NOT DEFERRABLE)
    => create s.t a <int>, primaryKey(a b), fk:references(a b) v noAction noAction, unique(c), check (compare a < 5)

    CREATE TABLE t ()
    => create t

    CREATE TABLE IF NOT EXISTS t (a, b) AS SELECT 1, 2 WITH DATA
    => create? t(a b) (select 1, 2)

    CREATE TABLE t AS (SELECT 1)
    => create t ((select 1))

    CREATE EDGE TABLE follows (since int) FROM users TO s.users
    => edge create follows since <int> users -> s.users

    CREATE EDGE TABLE IF NOT EXISTS follows FROM users TO users
    => edge create? follows users -> users

    CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t USING btree (a DESC NULLS LAST, lower(b)) WHERE a > 1
    => index unique? i s.t order[a desc last, (lower b)] where (compare a > 1)

    CREATE INDEX ON t (a)
    => index _ t order[a]

    CREATE OR REPLACE VIEW s.v (a) AS SELECT 1
    => view! s.v(a) (select 1) 34..<42

    CREATE SEQUENCE IF NOT EXISTS s AS bigint START WITH 5 INCREMENT BY -2 MINVALUE 1 NO MAXVALUE CYCLE
    => sequence? s 5 -2 1 _ cycle

    ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, DROP COLUMN b, ALTER c SET NOT NULL, ALTER COLUMN d TYPE text USING d::text,
    ALTER e DROP DEFAULT, ADD CONSTRAINT u UNIQUE (a), ADD CHECK (a > 1), DROP CONSTRAINT IF EXISTS x, ALTER f SET DEFAULT 1,
    ALTER g DROP NOT NULL, ALTER h SET DATA TYPE int, ADD i text
    => alter t add? a <int>, drop b, not null c, type d <text> using (cast d <text>), drop default e, add u:unique(a), add
    check (compare a > 1), drop constraint? x, default f 1, null g, type h <int>, add i <text>

    ALTER TABLE IF EXISTS t RENAME COLUMN a TO b
    => alter? t rename a b

    ALTER TABLE t RENAME TO u
    => alter t rename u

    DROP TABLE IF EXISTS a, s.b CASCADE
    => drop? table a s.b cascade

    DROP INDEX i RESTRICT
    => drop index i

    DROP VIEW v
    => drop view v

    DROP SEQUENCE q
    => drop sequence q

    BEGIN
    => begin _ _

    BEGIN WORK ISOLATION LEVEL REPEATABLE READ, READ ONLY
    => begin repeatableRead true

    START TRANSACTION READ WRITE
    => begin _ false

    COMMIT WORK
    => commit

    END TRANSACTION
    => commit

    ROLLBACK
    => rollback

    ABORT AND NO CHAIN
    => rollback

    SAVEPOINT a
    => savepoint a

    ROLLBACK TO SAVEPOINT a
    => rollback to a

    ROLLBACK TRANSACTION TO a
    => rollback to a

    RELEASE SAVEPOINT a
    => release a

    SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE
    => set serializable false

    EXPLAIN SELECT 1
    => explain (select 1)

    EXPLAIN (SELECT 1)
    => explain ((select 1))

    EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1
    => explain analyze json (select 1)

    EXPLAIN (ANALYZE false, TIMING off, FORMAT TEXT) SELECT 1
    => explain (select 1)

    EXPLAIN ANALYZE VERBOSE INSERT INTO t VALUES (1)
    => explain analyze insert t (values (1))

    PREPARE p (int, text) AS SELECT $1
    => prepare p <int> <text> (select $1)

    EXECUTE p (1, 'a')
    => execute p 1 'a'

    EXECUTE p
    => execute p

    DEALLOCATE PREPARE p
    => deallocate p

    DEALLOCATE ALL
    => deallocate all

    SELECT * FROM GRAPH_TABLE (g MATCH (a IS users WHERE a.age > 30)-[e IS follows]->{1,3}(b:users|x&!y) WHERE a.x = b.x
    COLUMNS (a.name AS x, b.name)) AS gt (m, n)
    => (select * from graph(g walk (a:users WHERE (compare (. a age) > 30)) -[e:follows*1..3]-> (b:(| users (& x !y))) where
    (compare (. a x) = (. b x)) columns (. a name) as x, (. b name)) as gt(m n))

    SELECT 1 FROM GRAPH_TABLE (g MATCH p = ANY SHORTEST (b)<-[:t]-(c)-(d)<-(e)->(f)-[x]-(h)->+(i), ALL SHORTEST TRAIL
    ((x)-[y]->(z) WHERE x.v){2,} COLUMNS (1))
    => (select 1 from graph(g p = anyShortest walk (b) <-[:t]- (c) -[]- (d) <-[]- (e) -[]-> (f) -[x]- (h) -[*1..]-> (i),
    allShortest trail () <(x) -[y]-> (z) WHERE (. x v)>*2.. () columns 1))
    """#

@Test func statementsOfSQLHaveTheirTrees() {
    for (text, tree) in goldenCases(statements) { #expect(sqlStatement(text) == tree, "\(text)") }
}

@Test func textsOfSeveralStatementsAreSplit() throws {
    let text = ";SELECT ';' ; ; -- a;\n INSERT INTO t VALUES ($$;$$)\n;"
    let parts = try splitSQL(text).map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    #expect(parts == ["SELECT ';'", "INSERT INTO t VALUES ($$;$$)"])
    #expect(try splitSQL(" ; ").isEmpty)
    #expect(throws: SyntaxError.self) { try splitSQL("SELECT 'a") }
}
