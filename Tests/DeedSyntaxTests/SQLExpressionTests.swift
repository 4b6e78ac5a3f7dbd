// Expressions of SQL: what stands where in the tree. Each text has its tree behind the arrow.

import Testing

@testable import DeedSyntax

private let expressions = #"""
    1.50, 1., .5, 1e3, 1.e2, 0x1F, 0b11, 0o17, 1_000, 99999999999999999999, -9223372036854775808, -1.5, - -1, 5::int, -5::int,
    +7, 007
    => 1.50n, 1.n, .5n, 1000.0, 100.0, 31, 3, 15, 1000, 99999999999999999999n, -9223372036854775808, -1.5n, (minus -1), (cast
    5 <int>), (minus (cast 5 <int>)), (plus 7), 7

    ?, $1, :name, ?, $2::int, :x::text, $who
    => $1, $1, $name, $2, (cast $2 <int>), (cast $x <text>), $who

    a, "B ""c""", U&"d\0061", t.a, s.t."A", (t).x
    => a, B "c", da, (. t a), (. (. s t) A), (. t x)

    a OR b AND NOT c = d + e * f ^ -g ^ 2
    => (or a (and b (not (compare c = (+ d (* e (^ (^ f (minus g)) 2)))))))

    a OR b OR c OR d
    => (or (or a b) (or c d))

    NOT NOT a IS NULL, NOT a IN (1), a = NOT b
    => (not (not (isNull a))), (not (in a [1])), (compare a = (not b))

    a || 'x' -> 'k' ->> 'l' IS NOT NULL
    => (notNull (json_get_text (json_get (|| a 'x') 'k') 'l'))

    a #> b, a #>> b, a @> b, a <@ b, a && b, a & b | c # d << 1 >> 2, ~ a + b, ~ ~ a, - ~ a
    => (json_get_path a b), (json_get_path_text a b), (contains a b), (contains b a), (overlap a b), (shift_right (shift_left
    (bitwise_xor (bitwise_or (bitwise_and a b) c) d) 1) 2), (bitwise_not (+ a b)), (bitwise_not (bitwise_not a)), (minus
    (bitwise_not a))

    a ~ 'x', a !~ 'x', a ~* 'x', a !~* 'x', a ~~ 'x', a !~~* 'x'
    => (regexp_like a 'x'), (not (regexp_like a 'x')), (regexp_like a 'x' 'i'), (not (regexp_like a 'x' 'i')), (like a 'x'),
    (not-ilike a 'x')

    a < b + 1, a <> b, a != b, a >= b, a = b IS TRUE
    => (compare a < (+ b 1)), (compare a <> b), (compare a <> b), (compare a >= b), (is (compare a = b) true)

    a BETWEEN 1 AND 2 AND b NOT BETWEEN SYMMETRIC 3 AND 4
    => (and (between a 1 2) (not-between-symmetric b 3 4))

    c LIKE 'x%' ESCAPE '!' OR d NOT ILIKE 'y', e SIMILAR TO 'z', NOT f LIKE 'a' || 'b'
    => (or (like c 'x%' '!') (not-ilike d 'y')), (similar e 'z'), (not (like f (|| 'a' 'b')))

    h IS NOT DISTINCT FROM i, h IS DISTINCT FROM i + 1, j IS NOT TRUE, j IS FALSE, j IS UNKNOWN, k ISNULL, k NOTNULL, k IS NOT
    NULL
    => (not-distinct h i), (distinct h (+ i 1)), (is-not j true), (is j false), (is j unknown), (isNull k), (notNull k),
    (notNull k)

    x = ANY (SELECT 1), x <> ALL (ARRAY[1,2]), x < SOME (y)
    => (= any x (select 1)), (<> all x [1 2]), (< any x y)

    x IN (1, 2), x NOT IN (1), x IN (SELECT 2), x NOT IN ((SELECT 2)), x IN ((SELECT 2), 3), x IN ()
    => (in x [1 2]), (not (in x [1])), (= any x (select 2)), (not (= any x ((select 2)))), (in x [(scalar (select 2)) 3]), (in
    x [])

    (a, b) IN ((1, 2), (3, 4)), ROW(1, 2) = (SELECT 1, 2), ROW(), (a, b) < (c, d), (a, b) OVERLAPS (c, d)
    => (in (row a b) [(row 1 2) (row 3 4)]), (compare (row 1 2) = (scalar (select 1, 2))), (row), (compare (row a b) < (row c
    d)), (overlaps a b c d)

    EXISTS (SELECT FROM t), NOT EXISTS (VALUES (1)), (SELECT 1), ((SELECT 1) + 1), ((SELECT 1) UNION (SELECT 2)), ARRAY(SELECT
    1)
    => (exists (select from t)), (not (exists (values (1)))), (scalar (select 1)), (+ (scalar (select 1)) 1), (scalar
    ([(select 1) union (select 2)])), (array (select 1))

    ARRAY[1, 2], ARRAY[[1, 2], [3]], ARRAY[], (ARRAY[1, 2])[1], a[1:2], a[:2], a[1:], a[:], a[:i], a[b[1]]
    => [1 2], [[1 2] [3]], [], (at [1 2] 1), (slice a 1 2), (slice a _ 2), (slice a 1 _), (slice a _ _), (at a $i), (at a (at
    b 1))

    CASE WHEN a THEN 1 ELSE 2 END, CASE x WHEN 1 THEN 'a' END
    => (case _ (a 1) 2), (case x (1 'a') _)

    COALESCE(a, b), nullif(a, b), greatest(1), left(s, 1), s.f(1), "F"(2), now(), replace(a, b, c)
    => (COALESCE a b), (nullif a b), (greatest 1), (left s 1), (s.f 1), (F 2), (now), (replace a b c)

    count(*), count(DISTINCT a), count(ALL a), sum(x) FILTER (WHERE x > 1), string_agg(x, ',' ORDER BY y DESC NULLS LAST, z)
    => (count *), (count DISTINCT a), (count a), (aggregate (sum x) filter (compare x > 1)), (aggregate (string_agg x ',')
    order[y desc last, z])

    percentile_cont(0.5) WITHIN GROUP (ORDER BY z), GROUPING(a, b)
    => (aggregate (percentile_cont 0.5n) order[z]), (GROUPING a b)

    rank() OVER w, sum(x) OVER (), sum(x) OVER (PARTITION BY a, b ORDER BY c), sum(x) OVER (w ORDER BY c ROWS UNBOUNDED
    PRECEDING)
    => (aggregate (rank) over w), (aggregate (sum x) over {}), (aggregate (sum x) over {by a b order[c]}), (aggregate (sum x)
    over {w order[c] rows start..current})

    sum(x) OVER (ROWS BETWEEN 1 PRECEDING AND 2 + 1 FOLLOWING EXCLUDE CURRENT ROW), sum(x) OVER (RANGE BETWEEN CURRENT ROW AND
    UNBOUNDED FOLLOWING EXCLUDE GROUP)
    => (aggregate (sum x) over {rows -1..+(+ 2 1) exclude currentRow}), (aggregate (sum x) over {range current..end exclude
    group})

    sum(x) FILTER (WHERE y) OVER (GROUPS CURRENT ROW EXCLUDE TIES), sum(x) OVER (ROWS 2 PRECEDING EXCLUDE NO OTHERS)
    => (aggregate (sum x) filter y over {groups current..current exclude ties}), (aggregate (sum x) over {rows -2..current})

    extract(YEAR FROM d), extract('epoch' from d), position('a' IN s), position(a, s)
    => (extract 'year' d), (extract 'epoch' d), (position 'a' s), (position a s)

    substring(s from 2 for 3), substring(s for 3), substring(s for 3 from 2), substring(s from 2), substring(s, 1, 2)
    => (substring s 2 3), (substring s 1 3), (substring s 2 3), (substring s 2), (substring s 1 2)

    trim(both 'x' from s), trim(s), trim(leading from s), trim(trailing 'x' from s), trim(s, 'x'), trim(both s)
    => (btrim s 'x'), (btrim s), (ltrim s), (rtrim s 'x'), (btrim s 'x'), (btrim s)

    overlay(s placing 'x' from 1 for 2), overlay(s placing 'x' from 1)
    => (overlay s 'x' 1 2), (overlay s 'x' 1)

    CURRENT_DATE, current_timestamp(3), localtime, current_user, user
    => (current_date), (current_timestamp 3), (localtime), (current_user), (user)

    DATE '2020-01-01', TIMESTAMP WITH TIME ZONE '2020', timestamp(3) '2020', TIME '10:00', json '{}', double precision '1'
    => (cast '2020-01-01' <date>), (cast '2020' <timestamp with time zone>), (cast '2020' <timestamp(3)>), (cast '10:00'
    <time>), (cast '{}' <json>), (cast '1' <double precision>)

    INTERVAL '3' MONTH, INTERVAL '1 day 2 hours', INTERVAL '1-2' YEAR TO MONTH, interval
    => (cast '3 month' <interval>), (cast '1 day 2 hours' <interval>), (cast '1-2 year to month' <interval>), interval

    CAST(x AS numeric(10, 2)), x::timestamp(3) with time zone, x::double precision[], x::int[3][], x::character varying(5),
    x::text array
    => (cast x <numeric(10,2)>), (cast x <timestamp with time zone(3)>), (cast x <double precision[]>), (cast x <int[][]>),
    (cast x <character varying(5)>), (cast x <text[]>)

    x::int::text, -x::int, a.b::s.t, x::interval day to second, x::vector(3), CAST(1 AS "T")
    => (cast (cast x <int>) <text>), (minus (cast x <int>)), (cast (. a b) <s.t>), (cast x <interval day to second>), (cast x
    <vector(3)>), (cast 1 <T>)

    a AT TIME ZONE 'UTC', a AT TIME ZONE 'UTC' COLLATE "C", a COLLATE "de" || b, - a COLLATE "C"
    => (timezone 'UTC' a), (timezone (collate 'UTC' C) a), (|| (collate a de) b), (collate (minus a) C)

    a AS select, b year, c "D e", 1 AS "x", t.*, s.t.*, *
    => a as select, b as year, c as "D e", 1 as "x", t.*, s.t.*, *

    a--b
    => a
    """#

@Test func expressionsOfSQLHaveTheirTrees() {
    for (text, tree) in goldenCases(expressions) { #expect(sqlTree(text) == tree, "\(text)") }
}

@Test(arguments: [
    (#"'it''s'"#, "it's"), (#"'a\n'"#, #"a\n"#), (#"E'a\n\t\\\''"#, "a\n\t\\'"), (#"E'\x41\101\u0041\U00000041\q'"#, "AAAAq"),
    (#"E'it''s'"#, "it's"),
    (#"E'\xC3\xA9\ud83d\ude00'"#, "\u{E9}\u{1F600}"), (#"E'\xg\8'"#, "xg8"), (#"U&'d\0061t\+000061\\'"#, #"data\"#),
    (#"U&'\D83D\DE00'"#, "\u{1F600}"), (#"U&'d!0061' UESCAPE '!'"#, "da"), (#"U&'b''\0061'"#, "b'a"), ("$$it's$$", "it's"),
    ("$tag$a $$ $b$ b$tag$", "a $$ $b$ b"), ("'a'\n  'b' -- c\n 'd'", "abd"), ("'a' -- b\n 'c'", "ac"), ("''", ""), ("'é'", "é"),
])
func stringsOfSQLAreRead(text: String, value: String) {
    #expect(sqlTree(text) == "'\(value)'")
}

@Test func commentsOfSQLNest() {
    #expect(sqlTree("1 /* a /* b */ c */ + 2 -- d\n + 3") == "(+ (+ 1 2) 3)")
}

@Test func quotedNamesAreTold() throws {
    guard case .select(let query) = try parseSQL("SELECT a, \"a\", \"b\"\"c\", é, (a), f.\"x\", \"f\"(1)").kind,
        case .select(let select) = query.body
    else {
        Issue.record("no query")
        return
    }
    let quoted = select.items.map { item -> Bool? in
        guard case .expression(let expression, _) = item else { return nil }
        switch expression.kind {
        case .variable: return expression.isQuotedName
        case .property(_, let name): return name.isQuoted
        case .call(let call): return call.name.isQuoted
        default: return nil
        }
    }
    #expect(quoted == [false, true, true, false, false, true, true])
}

@Test func reservedWordsNameColumnsOnlyInQuotes() {
    for word in sqlKeywords where word != "NOT" && word != "CASE" {
        let code = SQLKeyword.allCases.first { $0.text == word }?.rawValue ?? 0
        let isColumn = sqlError("SELECT t.a FROM t AS b (\(word))") == nil
        #expect(isColumn == SQLKeyword.namesColumns(code), "\(word)")
        #expect(sqlTree("a AS \(word), t.\(word), \"\(word)\"") == "a as \(word), (. t \(word)), \(word)")
    }
}
