"""Two hundred questions, each as a pair of texts. What can be asked of every table is made for every table; the others are written
one by one."""

from __future__ import annotations

from typing import NamedTuple

from .network import RELATIONSHIPS


class Pair(NamedTuple):
    name: str
    cypher: str
    sql: str


# Of each label a number and a text to group and to filter by, and a number that is one in the middle.
NODE_COLUMNS = {
    "Person": ("birthday", "gender", "500000000000"),
    "Forum": ("creationDate", "title", "1300000000000"),
    "Post": ("length", "browserUsed", "90"),
    "Comment": ("length", "browserUsed", "90"),
    "Tag": ("id", "name", "8000"),
    "TagClass": ("id", "name", "200"),
    "Place": ("id", "type", "700"),
    "Organisation": ("id", "type", "4000"),
}


def about_nodes() -> list[Pair]:
    made = []
    for label, (number, text, middle) in NODE_COLUMNS.items():
        made += [
            Pair(f"count of {label}", f"MATCH (n:{label}) WHERE n.{number} > {middle} RETURN count(*)",
                 f"SELECT count(*) FROM {label} WHERE {number} > {middle}"),
            Pair(f"groups of {label}",
                 f"MATCH (n:{label}) RETURN n.{text} AS k, count(*) AS c, min(n.{number}) AS low, avg(n.{number}) AS mean",
                 f"SELECT {text} AS k, count(*) AS c, min({number}) AS low, avg({number}) AS mean FROM {label} GROUP BY {text}"),
            Pair(f"the greatest of {label}",
                 f"MATCH (n:{label}) RETURN n.id AS id, n.{number} AS x ORDER BY x DESC, id LIMIT 20",
                 f"SELECT id, {number} AS x FROM {label} ORDER BY x DESC, id LIMIT 20"),
            Pair(f"texts of {label}",
                 f"MATCH (n:{label}) WHERE n.{text} STARTS WITH 'C' OR n.{text} CONTAINS 'an' RETURN DISTINCT n.{text}",
                 f"SELECT DISTINCT {text} FROM {label} WHERE {text} LIKE 'C%' OR {text} LIKE '%an%'"),
            Pair(f"one of {label}",
                 f"MATCH (n:{label}) WHERE n.id IN [59, 150, 933, 1000, 206158430246] RETURN n.id, n.{text}",
                 f"SELECT id, {text} FROM {label} WHERE id IN (59, 150, 933, 1000, 206158430246)"),
        ]  # fmt: skip
    return made


def about_relationships() -> list[Pair]:
    made = []
    for kind, (source, target, _) in RELATIONSHIPS.items():
        joined = f"{source} a JOIN {kind} r ON r._src = a._id JOIN {target} b ON b._id = r._dst"
        made += [
            Pair(f"rows of {kind}", f"MATCH (a:{source})-[r:{kind}]->(b:{target}) RETURN count(*), min(a.id), max(b.id)",
                 f"SELECT count(*), min(a.id), max(b.id) FROM {joined}"),
            Pair(f"the busiest of {kind}",
                 f"MATCH (a:{source})-[:{kind}]->(b:{target}) RETURN b.id AS id, count(*) AS c ORDER BY c DESC, id LIMIT 10",
                 f"SELECT b.id, count(*) AS c FROM {joined} GROUP BY b._id, b.id ORDER BY c DESC, b.id LIMIT 10"),
            Pair(f"ends of {kind}, if any",
                 f"MATCH (a:{source}) OPTIONAL MATCH (a)-[r:{kind}]->(b:{target}) WHERE b.id % 3 = 0 "
                 "RETURN a.id % 10 AS k, count(*) AS rows, count(b) AS found",
                 f"SELECT a.id % 10 AS k, count(*) AS rows, count(b._id) AS found FROM {source} a LEFT JOIN ({kind} r JOIN {target} b "
                 "ON b._id = r._dst AND b.id % 3 = 0) ON r._src = a._id GROUP BY 1"),
            Pair(f"without {kind}",
                 f"MATCH (b:{target}) WHERE NOT EXISTS {{ (b)<-[:{kind}]-() }} RETURN count(*), min(b.id)",
                 f"SELECT count(*), min(b.id) FROM {target} b WHERE NOT EXISTS (SELECT 1 FROM {kind} r WHERE r._dst = b._id)"),
        ]  # fmt: skip
    return made


KNOWN = "(SELECT _src AS a, _dst AS b FROM knows UNION ALL SELECT _dst, _src FROM knows)"


def written() -> list[Pair]:
    texts = [
        ("friends of a person",
         "MATCH (p:Person {id: 4398046511333})-[k:KNOWS]-(f:Person) RETURN f.id, f.firstName, k.creationDate",
         f"SELECT f.id, f.firstName, k.creationDate FROM person p JOIN (SELECT _src AS a, _dst AS b, creationDate FROM knows UNION ALL "
         "SELECT _dst, _src, creationDate FROM knows) k ON k.a = p._id JOIN person f ON f._id = k.b WHERE p.id = 4398046511333"),
        ("friends of friends",
         "MATCH (p:Person)-[:KNOWS]->(f:Person)-[:KNOWS]->(g:Person) WHERE p.gender = 'female' RETURN g.id AS id, count(*) AS c "
         "ORDER BY c DESC, id LIMIT 20",
         "SELECT g.id, count(*) AS c FROM person p JOIN knows k ON k._src = p._id JOIN person f ON f._id = k._dst JOIN knows l ON "
         "l._src = f._id JOIN person g ON g._id = l._dst WHERE p.gender = 'female' GROUP BY g._id, g.id ORDER BY c DESC, g.id "
         "LIMIT 20"),
        ("triangles",
         "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person), (a)-[:KNOWS]->(c) RETURN count(*)",
         "SELECT count(*) FROM person a JOIN knows k ON k._src = a._id JOIN person b ON b._id = k._dst JOIN knows l ON l._src = b._id "
         "JOIN person c ON c._id = l._dst JOIN knows m ON m._src = a._id AND m._dst = c._id"),
        ("paths of three",
         "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)-[:KNOWS]->(d:Person) RETURN count(*)",
         "SELECT count(*) FROM knows k JOIN knows l ON l._src = k._dst JOIN knows m ON m._src = l._dst "
         "WHERE k._id <> l._id AND l._id <> m._id AND k._id <> m._id"),
        ("degrees",
         "MATCH (p:Person) OPTIONAL MATCH (p)-[k:KNOWS]-() RETURN p.id AS id, count(k) AS c ORDER BY c DESC, id LIMIT 30",
         f"SELECT p.id, count(k.a) AS c FROM person p LEFT JOIN {KNOWN} k ON k.a = p._id GROUP BY p._id, p.id ORDER BY c DESC, "
         f"p.id LIMIT 30"),
        ("degrees of degrees",
         "MATCH (p:Person) OPTIONAL MATCH (p)-[k:KNOWS]->() WITH p, count(k) AS d RETURN d, count(*) AS c ORDER BY d",
         "SELECT d, count(*) AS c FROM (SELECT count(k._id) AS d FROM person p LEFT JOIN knows k ON k._src = p._id GROUP BY p._id) t "
         "GROUP BY d ORDER BY d"),
        ("reached within three",
         "MATCH (p:Person {id: 4398046511333})-[:KNOWS*1..3]->(q:Person) RETURN count(DISTINCT q)",
         "WITH RECURSIVE near(id, depth) AS (SELECT k._dst, 1 FROM person p JOIN knows k ON k._src = p._id WHERE p.id = 4398046511333 "
         "UNION SELECT k._dst, n.depth + 1 FROM near n JOIN knows k ON k._src = n.id WHERE n.depth < 3) SELECT count(DISTINCT "
         "id) FROM near"),
        ("classes below a class",
         "MATCH (c:TagClass)-[:SUBCLASS_OF*0..]->(top:TagClass {name: 'Agent'}) RETURN count(DISTINCT c)",
         "WITH RECURSIVE below(id) AS (SELECT _id FROM tagclass WHERE name = 'Agent' UNION SELECT s._src FROM below b JOIN "
         "subclass_of s "
         "ON s._dst = b.id) SELECT count(*) FROM below"),
        ("tags below a class",
         "MATCH (t:Tag)-[:HAS_TYPE]->(:TagClass)-[:SUBCLASS_OF*0..]->(:TagClass {name: 'Person'}) RETURN count(DISTINCT t)",
         "WITH RECURSIVE below(id) AS (SELECT _id FROM tagclass WHERE name = 'Person' UNION SELECT s._src FROM below b JOIN "
         "subclass_of s "
         "ON s._dst = b.id) SELECT count(DISTINCT h._src) FROM below b JOIN has_type h ON h._dst = b.id"),
        ("common interests",
         "MATCH (a:Person)-[:KNOWS]->(b:Person) MATCH (a)-[:HAS_INTEREST]->(t:Tag)<-[:HAS_INTEREST]-(b) "
         "RETURN a.id AS x, b.id AS y, count(t) AS c ORDER BY c DESC, x, y LIMIT 25",
         "SELECT a.id AS x, b.id AS y, count(*) AS c FROM knows k JOIN person a ON a._id = k._src JOIN person b ON b._id = k._dst "
         "JOIN has_interest i ON i._src = a._id JOIN has_interest j ON j._src = b._id AND j._dst = i._dst GROUP BY a._id, a.id, "
         "b._id, b.id "
         "ORDER BY c DESC, x, y LIMIT 25"),
        ("tags of what was written by women",
         "MATCH (t:Tag)<-[:POST_TAG]-(m:Post)-[:WROTE_POST]->(p:Person {gender: 'female'}) RETURN t.name AS name, count(*) AS c, "
         "count(DISTINCT p) AS people ORDER BY c DESC, name LIMIT 20",
         "SELECT t.name AS name, count(*) AS c, count(DISTINCT p._id) AS people FROM tag t JOIN post_tag x ON x._dst = t._id "
         "JOIN wrote_post w "
         "ON w._src = x._src JOIN person p ON p._id = w._dst WHERE p.gender = 'female' GROUP BY t._id, t.name ORDER BY c DESC, "
         "name LIMIT 20"),
        ("forums by posts and members",
         "MATCH (f:Forum) OPTIONAL MATCH (f)-[:CONTAINS]->(m:Post) WITH f, count(m) AS posts OPTIONAL MATCH "
         "(f)-[:HAS_MEMBER]->(p:Person) "
         "RETURN f.title AS title, posts, count(p) AS members, f.id AS id ORDER BY posts DESC, members DESC, id LIMIT 15",
         "SELECT f.title, f.posts, count(h._id) AS members, f.id FROM (SELECT f._id AS key, f.id AS id, f.title AS title, "
         "count(c._id) AS posts "
         "FROM forum f LEFT JOIN contains c ON c._src = f._id GROUP BY f._id, f.id, f.title) f LEFT JOIN has_member h ON h._src "
         "= f.key "
         "GROUP BY f.key, f.id, f.title, f.posts ORDER BY f.posts DESC, members DESC, f.id LIMIT 15"),
        ("answers to posts",
         "MATCH (c:Comment)-[:REPLY_OF_POST]->(m:Post)-[:WROTE_POST]->(p:Person) WHERE c.length > 50 RETURN p.lastName AS name, "
         "count(*) AS c, sum(c.length) AS total ORDER BY total DESC, name LIMIT 10",
         "SELECT p.lastName AS name, count(*) AS c, sum(c.length) AS total FROM comment c JOIN reply_of_post r ON r._src = c._id "
         "JOIN wrote_post w ON w._src = r._dst JOIN person p ON p._id = w._dst WHERE c.length > 50 GROUP BY p.lastName "
         "ORDER BY total DESC, name LIMIT 10"),
        ("answers to answers",
         "MATCH (a:Comment)-[:REPLY_OF]->(b:Comment)-[:REPLY_OF_POST]->(m:Post) RETURN count(*), sum(a.length), max(m.length)",
         "SELECT count(*), sum(a.length), max(m.length) FROM comment a JOIN reply_of r ON r._src = a._id JOIN comment b ON "
         "b._id = r._dst "
         "JOIN reply_of_post s ON s._src = b._id JOIN post m ON m._id = s._dst"),
        ("threads by depth",
         "MATCH (c:Comment)-[r:REPLY_OF*0..20]->(:Comment)-[:REPLY_OF_POST]->(:Post) RETURN size(r) AS depth, count(*) AS c "
         "ORDER BY depth",
         "WITH RECURSIVE t(id, depth) AS (SELECT _src, 0 FROM reply_of_post UNION ALL SELECT r._src, t.depth + 1 FROM t JOIN "
         "reply_of r "
         "ON r._dst = t.id WHERE t.depth < 20) SELECT depth, count(*) AS c FROM t GROUP BY depth ORDER BY depth"),
        ("likes of own friends",
         "MATCH (p:Person)-[:KNOWS]->(f:Person)<-[:WROTE_POST]-(m:Post)<-[:LIKES_POST]-(p) RETURN p.id AS id, count(m) AS c "
         "ORDER BY c DESC, id",
         "SELECT p.id, count(*) AS c FROM person p JOIN knows k ON k._src = p._id JOIN wrote_post w ON w._dst = k._dst "
         "JOIN likes_post l ON l._src = p._id AND l._dst = w._src GROUP BY p._id, p.id ORDER BY c DESC, p.id"),
        ("colleagues",
         "MATCH (a:Person)-[:WORK_AT]->(o:Organisation)<-[:WORK_AT]-(b:Person) WHERE a.id < b.id RETURN o.name AS name, count(*) AS c "
         "ORDER BY c DESC, name LIMIT 20",
         "SELECT o.name, count(*) AS c FROM person a JOIN work_at v ON v._src = a._id JOIN organisation o ON o._id = v._dst "
         "JOIN work_at w "
         "ON w._dst = o._id AND w._id <> v._id JOIN person b ON b._id = w._src WHERE a.id < b.id GROUP BY o.name ORDER BY c "
         "DESC, o.name LIMIT 20"),
        ("people by country",
         "MATCH (p:Person)-[:LIVES_IN]->(:Place)-[:PART_OF]->(c:Place {type: 'country'}) RETURN c.name AS name, count(p) AS c "
         "ORDER BY c DESC, name",
         "SELECT c.name, count(*) AS c FROM lives_in l JOIN part_of q ON q._src = l._dst JOIN place c ON c._id = q._dst "
         "WHERE c.type = 'country' GROUP BY c._id, c.name ORDER BY 2 DESC, 1"),
        ("people by continent",
         "MATCH (p:Person)-[:LIVES_IN]->(:Place)-[:PART_OF*2]->(c:Place) RETURN c.name AS name, count(p) AS c, avg(p.birthday) AS mean",
         "SELECT c.name, count(*), avg(p.birthday) FROM person p JOIN lives_in l ON l._src = p._id JOIN part_of x ON x._src = l._dst "
         "JOIN part_of y ON y._src = x._dst JOIN place c ON c._id = y._dst GROUP BY c._id, c.name"),
        ("students and their age",
         "MATCH (p:Person)-[s:STUDY_AT]->(o:Organisation) WHERE s.classYear >= 2005 RETURN o.name, s.classYear, count(*), "
         "min(p.birthday)",
         "SELECT o.name, s.classYear, count(*), min(p.birthday) FROM study_at s JOIN person p ON p._id = s._src JOIN organisation o "
         "ON o._id = s._dst WHERE s.classYear >= 2005 GROUP BY o.name, s.classYear"),
        ("years of work",
         "MATCH ()-[w:WORK_AT]->() RETURN w.workFrom AS year, count(*) AS c ORDER BY year",
         "SELECT workFrom AS year, count(*) AS c FROM work_at GROUP BY workFrom ORDER BY year"),
        ("work in a country",
         "MATCH (p:Person)-[w:WORK_AT]->(o:Organisation)-[:BASED_IN]->(c:Place {name: 'India'}) WHERE w.workFrom < 2010 "
         "RETURN p.firstName, p.lastName, o.name, w.workFrom",
         "SELECT p.firstName, p.lastName, o.name, w.workFrom FROM person p JOIN work_at w ON w._src = p._id JOIN organisation o ON "
         "o._id = w._dst JOIN based_in b ON b._src = o._id JOIN place c ON c._id = b._dst WHERE c.name = 'India' AND w.workFrom "
         "< 2010"),
        ("who has neither",
         "MATCH (p:Person) WHERE NOT EXISTS { (p)-[:STUDY_AT]->() } AND NOT EXISTS { (p)-[:WORK_AT]->() } RETURN p.id",
         "SELECT id FROM person p WHERE NOT EXISTS (SELECT 1 FROM study_at s WHERE s._src = p._id) AND NOT EXISTS "
         "(SELECT 1 FROM work_at w WHERE w._src = p._id)"),
        ("who has both",
         "MATCH (p:Person) WHERE EXISTS { (p)-[:STUDY_AT]->() } AND EXISTS { (p)-[:WORK_AT]->() } RETURN count(p)",
         "SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM study_at s WHERE s._src = p._id) AND EXISTS "
         "(SELECT 1 FROM work_at w WHERE w._src = p._id)"),
        ("in a set of others",
         "MATCH (m:Post)-[:WROTE_POST]->(p:Person) WHERE EXISTS { (p)-[:HAS_INTEREST]->(t:Tag) WHERE t.name STARTS WITH 'A' } "
         "RETURN count(m)",
         "SELECT count(*) FROM wrote_post w WHERE w._dst IN (SELECT i._src FROM has_interest i JOIN tag t ON t._id = i._dst "
         "WHERE t.name LIKE 'A%')"),
        ("counts of a pattern for each",
         "MATCH (p:Person) RETURN p.id AS id, COUNT { (p)-[:HAS_INTEREST]->() } AS c ORDER BY c DESC, id LIMIT 40",
         "SELECT p.id AS id, (SELECT count(*) FROM has_interest i WHERE i._src = p._id) AS c FROM person p ORDER BY c DESC, id "
         "LIMIT 40"),
        ("above the mean",
         "MATCH (m:Post) WITH avg(m.length) AS mean MATCH (n:Post) WHERE n.length > mean RETURN count(*)",
         "SELECT count(*) FROM post WHERE length > (SELECT avg(length) FROM post)"),
        ("lists of names",
         "MATCH (p:Person) WITH p ORDER BY p.firstName, p.id WITH p.browserUsed AS b, collect(p.firstName) AS names RETURN b, names",
         "SELECT browserUsed, array_agg(firstName ORDER BY firstName, id) FROM person GROUP BY browserUsed"),
        ("halves of a union",
         "MATCH (n:Post) WHERE n.length > 100 RETURN n.browserUsed AS b UNION MATCH (n:Comment) WHERE n.length < 5 RETURN "
         "n.browserUsed AS b",
         "SELECT browserUsed AS b FROM post WHERE length > 100 UNION SELECT browserUsed FROM comment WHERE length < 5"),
        ("halves that stay whole",
         "MATCH (n:Post) WHERE n.length > 100 RETURN n.length AS b UNION ALL MATCH (n:Comment) WHERE n.length > 100 RETURN "
         "n.length AS b",
         "SELECT length AS b FROM post WHERE length > 100 UNION ALL SELECT length FROM comment WHERE length > 100"),
        ("cases",
         "MATCH (m:Comment) RETURN CASE WHEN m.length < 10 THEN 'short' WHEN m.length < 100 THEN 'middle' ELSE 'long' END AS k, "
         "count(*) AS c",
         "SELECT CASE WHEN length < 10 THEN 'short' WHEN length < 100 THEN 'middle' ELSE 'long' END AS k, count(*) AS c FROM "
         "comment GROUP BY 1"),
        ("arithmetic",
         "MATCH (m:Post) RETURN sum(m.length * 2 + 1), min(m.creationDate / 1000 % 60), max(m.length - 10.5)",
         "SELECT sum(length * 2 + 1), min(creationDate / 1000 % 60), max(length - 10.5) FROM post"),
        ("functions of texts",
         "MATCH (p:Person) RETURN toUpper(p.lastName) AS n, size(p.email) AS s, substring(p.firstName, 0, 3) AS f, p.firstName "
         "+ '.' AS d",
         "SELECT upper(lastName) AS n, length(email) AS s, substring(firstName FROM 1 FOR 3) AS f, firstName || '.' AS d FROM person"),
        ("what is null",
         "MATCH (m:Post) WHERE m.content IS NULL RETURN count(*), count(m.imageFile), count(m.language)",
         "SELECT count(*), count(imageFile), count(language) FROM post WHERE content IS NULL"),
        ("instead of null",
         "MATCH (m:Post) RETURN coalesce(m.language, 'none') AS l, count(*) AS c ORDER BY c DESC, l",
         "SELECT coalesce(language, 'none') AS l, count(*) AS c FROM post GROUP BY coalesce(language, 'none') ORDER BY c DESC, l"),
        ("three values",
         "MATCH (m:Post) WHERE NOT (m.language = 'en') RETURN count(*)",
         "SELECT count(*) FROM post WHERE NOT (language = 'en')"),
        ("ordered by two",
         "MATCH (m:Comment) RETURN m.browserUsed AS b, m.length AS l, m.id AS id ORDER BY b DESC, l, id SKIP 100 LIMIT 50",
         "SELECT browserUsed AS b, length AS l, id FROM comment ORDER BY b DESC, l, id OFFSET 100 LIMIT 50"),
        ("every comment in order",
         "MATCH (m:Comment) RETURN m.creationDate AS d, m.id AS id ORDER BY d DESC, id",
         "SELECT creationDate AS d, id FROM comment ORDER BY d DESC, id"),
        ("distinct of two",
         "MATCH (m:Post) RETURN DISTINCT m.browserUsed, m.language",
         "SELECT DISTINCT browserUsed, language FROM post"),
        ("counts of the distinct",
         "MATCH (m:Post) RETURN count(DISTINCT m.browserUsed), count(DISTINCT m.length), count(DISTINCT m.locationIP)",
         "SELECT count(DISTINCT browserUsed), count(DISTINCT length), count(DISTINCT locationIP) FROM post"),
        ("groups of many",
         "MATCH (m:Post) WITH m.locationIP AS ip, count(*) AS c WHERE c > 20 RETURN ip, c",
         "SELECT locationIP, count(*) FROM post GROUP BY locationIP HAVING count(*) > 20"),
        ("equal first names",
         "MATCH (a:Person), (b:Person) WHERE a.firstName = b.firstName AND a.id < b.id RETURN a.id, b.id",
         "SELECT a.id, b.id FROM person a JOIN person b ON a.firstName = b.firstName AND a.id < b.id"),
        ("older and younger",
         "MATCH (a:Person), (b:Person) WHERE a.birthday < b.birthday AND a.gender <> b.gender RETURN count(*)",
         "SELECT count(*) FROM person a, person b WHERE a.birthday < b.birthday AND a.gender <> b.gender"),
        ("all of all",
         "MATCH (a:TagClass), (b:TagClass) RETURN count(*), sum(a.id - b.id)",
         "SELECT count(*), sum(a.id - b.id) FROM tagclass a, tagclass b"),
        ("a number for each",
         "UNWIND range(1, 2000) AS x WITH x WHERE x % 7 = 3 RETURN sum(x), count(*)",
         "SELECT sum(x), count(*) FROM generate_series(1, 2000) AS s(x) WHERE x % 7 = 3"),
        ("a list beside a table",
         "UNWIND [1, 5, 9] AS x MATCH (p:Place) WHERE p.id % 10 = x RETURN x, count(*)",
         "SELECT x, count(*) FROM (VALUES (1), (5), (9)) AS v(x) JOIN place p ON p.id % 10 = x GROUP BY x"),
        ("the latest of each",
         "MATCH (p:Person)<-[:WROTE_POST]-(m:Post) WITH p, max(m.creationDate) AS latest RETURN p.id, latest",
         "SELECT p.id, max(m.creationDate) FROM person p JOIN wrote_post w ON w._dst = p._id JOIN post m ON m._id = w._src "
         "GROUP BY p._id, p.id"),
        ("posts in their forums",
         "MATCH (f:Forum)-[:CONTAINS]->(m:Post)-[:WROTE_POST]->(p:Person)<-[:HAS_MEMBER]-(f) RETURN count(*)",
         "SELECT count(*) FROM contains c JOIN wrote_post w ON w._src = c._dst JOIN has_member h ON h._src = c._src AND h._dst "
         "= w._dst"),
        ("moderators who post",
         "MATCH (p:Person)<-[:MODERATOR]-(f:Forum)-[:CONTAINS]->(m:Post)-[:WROTE_POST]->(p) RETURN p.id AS id, count(*) AS c "
         "ORDER BY c DESC, id LIMIT 9",
         "SELECT p.id, count(*) AS c FROM moderator o JOIN person p ON p._id = o._dst JOIN contains c ON c._src = o._src JOIN "
         "wrote_post w "
         "ON w._src = c._dst AND w._dst = p._id GROUP BY p._id, p.id ORDER BY c DESC, p.id LIMIT 9"),
        ("tags of forums and of their posts",
         "MATCH (t:Tag)<-[:FORUM_TAG]-(f:Forum)-[:CONTAINS]->(m:Post)-[:POST_TAG]->(t) RETURN t.name, count(DISTINCT f), count(m)",
         "SELECT t.name, count(DISTINCT x._src), count(*) FROM tag t JOIN forum_tag x ON x._dst = t._id JOIN contains c ON "
         "c._src = x._src "
         "JOIN post_tag y ON y._src = c._dst AND y._dst = t._id GROUP BY t._id, t.name"),
        ("joined lately",
         "MATCH (f:Forum)-[h:HAS_MEMBER]->(p:Person) WHERE h.joinDate > 1300000000000 RETURN p.gender, count(*), max(h.joinDate)",
         "SELECT p.gender, count(*), max(h.joinDate) FROM has_member h JOIN person p ON p._id = h._dst WHERE h.joinDate > "
         "1300000000000 "
         "GROUP BY p.gender"),
        ("two that are given",
         "MATCH (a:Person {id: 4398046511333}), (b:Person {id: 8796093022220}) RETURN a.firstName, b.firstName",
         "SELECT a.firstName, b.firstName FROM person a, person b WHERE a.id = 4398046511333 AND b.id = 8796093022220"),
        ("posts of one person",
         "MATCH (p:Person {id: 8796093022220})<-[:WROTE_POST]-(m:Post) RETURN m.id AS id, m.length AS l ORDER BY m.creationDate "
         "DESC, id LIMIT 10",
         "SELECT m.id, m.length FROM person p JOIN wrote_post w ON w._dst = p._id JOIN post m ON m._id = w._src WHERE p.id = "
         "8796093022220 "
         "ORDER BY m.creationDate DESC, m.id LIMIT 10"),
        ("posts of friends",
         "MATCH (p:Person {id: 4398046511333})-[:KNOWS]->(f:Person)<-[:WROTE_POST]-(m:Post) RETURN f.firstName AS n, m.id AS id, "
         "m.creationDate AS d ORDER BY d DESC, id LIMIT 20",
         "SELECT f.firstName, m.id, m.creationDate AS d FROM person p JOIN knows k ON k._src = p._id JOIN person f ON f._id = k._dst "
         "JOIN wrote_post w ON w._dst = f._id JOIN post m ON m._id = w._src WHERE p.id = 4398046511333 ORDER BY d DESC, m.id LIMIT 20"),
        ("tags beside a tag",
         "MATCH (t:Tag)<-[:FORUM_TAG]-(f:Forum)-[:FORUM_TAG]->(u:Tag) WHERE t.id % 50 = 0 RETURN t.name AS a, u.name AS b, "
         "count(f) AS c "
         "ORDER BY c DESC, a, b LIMIT 20",
         "SELECT t.name AS a, u.name AS b, count(*) AS c FROM tag t JOIN forum_tag x ON x._dst = t._id JOIN forum_tag y ON "
         "y._src = x._src "
         "AND y._id <> x._id JOIN tag u ON u._id = y._dst WHERE t.id % 50 = 0 GROUP BY t._id, t.name, u._id, u.name ORDER BY c "
         "DESC, a, b LIMIT 20"),
        ("three optional tables",
         "MATCH (p:Person) OPTIONAL MATCH (p)-[:LIVES_IN]->(c:Place) OPTIONAL MATCH (p)-[s:STUDY_AT]->(o:Organisation) "
         "OPTIONAL MATCH (o)-[:BASED_IN]->(d:Place) RETURN p.id, c.name, o.name, d.name",
         "SELECT p.id, c.name, o.name, d.name FROM person p LEFT JOIN lives_in l ON l._src = p._id LEFT JOIN place c ON c._id = l._dst "
         "LEFT JOIN study_at s ON s._src = p._id LEFT JOIN organisation o ON o._id = s._dst LEFT JOIN based_in b ON b._src = o._id "
         "LEFT JOIN place d ON d._id = b._dst"),
        ("far from home",
         "MATCH (m:Post)-[:POST_IN]->(c:Place), (m)-[:WROTE_POST]->(p:Person)-[:LIVES_IN]->(:Place)-[:PART_OF]->(d:Place) WHERE "
         "c.id <> d.id "
         "RETURN d.name, count(*)",
         "SELECT d.name, count(*) FROM post_in i JOIN place c ON c._id = i._dst JOIN wrote_post w ON w._src = i._src JOIN lives_in l "
         "ON l._src = w._dst JOIN part_of q ON q._src = l._dst JOIN place d ON d._id = q._dst WHERE c.id <> d.id GROUP BY "
         "d._id, d.name"),
        ("likes and their delay",
         "MATCH (p:Person)-[l:LIKES_POST]->(m:Post) RETURN p.gender, avg(l.creationDate - m.creationDate), max(l.creationDate)",
         "SELECT p.gender, avg(l.creationDate - m.creationDate), max(l.creationDate) FROM likes_post l JOIN person p ON p._id = l._src "
         "JOIN post m ON m._id = l._dst GROUP BY p.gender"),
        ("a label of either kind",
         "MATCH (p:Person)-[:LIKES_POST|LIKES_COMMENT]->(m) RETURN p.id AS id, count(*) AS c ORDER BY c DESC, id LIMIT 10",
         "SELECT p.id, count(*) AS c FROM person p JOIN (SELECT _src FROM likes_post UNION ALL SELECT _src FROM likes_comment) l "
         "ON l._src = p._id GROUP BY p._id, p.id ORDER BY c DESC, p.id LIMIT 10"),
        ("ten of many", "MATCH (t:Tag) WHERE t.name > 'M' RETURN t.name AS n ORDER BY n LIMIT 10",
         "SELECT name AS n FROM tag WHERE name > 'M' ORDER BY n LIMIT 10"),
        ("groups of numbers", "MATCH (t:Tag) RETURN t.id / 1000 AS k, count(*) AS c, sum(t.id) AS s",
         "SELECT id / 1000 AS k, count(*) AS c, sum(id) AS s FROM tag GROUP BY id / 1000"),
        ("types of tags",
         "MATCH (t:Tag)-[:HAS_TYPE]->(c:TagClass) RETURN c.name AS n, count(*) AS k, min(t.name) AS low ORDER BY k DESC, n",
         "SELECT c.name AS n, count(*) AS k, min(t.name) AS low FROM tag t JOIN has_type h ON h._src = t._id JOIN tagclass c ON "
         "c._id = h._dst "
         "GROUP BY c._id, c.name ORDER BY k DESC, n"),
        ("organisations by country",
         "MATCH (o:Organisation)-[:BASED_IN]->(c:Place) WHERE o.type = 'university' RETURN c.name AS n, count(*) AS k ORDER BY "
         "k DESC, n LIMIT 15",
         "SELECT c.name AS n, count(*) AS k FROM organisation o JOIN based_in b ON b._src = o._id JOIN place c ON c._id = b._dst "
         "WHERE o.type = 'university' GROUP BY c._id, c.name ORDER BY k DESC, n LIMIT 15"),
        ("every kind of condition",
         "MATCH (m:Comment) WHERE (m.length >= 10 AND m.length <= 80 OR m.browserUsed IN ['Opera', 'Safari']) AND NOT m.content "
         "ENDS WITH 's' "
         "RETURN count(*), avg(m.length)",
         "SELECT count(*), avg(length) FROM comment WHERE (length BETWEEN 10 AND 80 OR browserUsed IN ('Opera', 'Safari')) "
         "AND NOT content LIKE '%s'"),
        ("lengths and their spread",
         "MATCH (m:Comment) RETURN m.browserUsed AS b, stDev(m.length) AS d, stDevP(m.length) AS e",
         "SELECT browserUsed AS b, stddev_samp(length) AS d, stddev_pop(length) AS e FROM comment GROUP BY browserUsed"),
        ("a window's work",
         "MATCH (p:Person) WITH p ORDER BY p.birthday, p.id WITH collect(p.id) AS ids UNWIND range(0, size(ids) - 1) AS place "
         "RETURN ids[place] AS id, place + 1 AS place ORDER BY place",
         "SELECT id, row_number() OVER (ORDER BY birthday, id) AS place FROM person ORDER BY place"),
        ("the three longest of each",
         "MATCH (m:Comment) WITH m ORDER BY m.length DESC, m.id WITH m.browserUsed AS b, collect(m.id)[0..3] AS ids UNWIND ids AS id "
         "RETURN b, id",
         "SELECT b, id FROM (SELECT browserUsed AS b, id, row_number() OVER (PARTITION BY browserUsed ORDER BY length DESC, id) AS place "
         "FROM comment) t WHERE place <= 3"),
        ("common friends",
         "MATCH (a:Person)-[:KNOWS]->(f:Person)<-[:KNOWS]-(b:Person) WHERE a.id < b.id RETURN a.id AS x, b.id AS y, count(f) AS c "
         "ORDER BY c DESC, x, y LIMIT 20",
         "SELECT a.id AS x, b.id AS y, count(*) AS c FROM knows k JOIN knows l ON l._dst = k._dst JOIN person a ON a._id = k._src "
         "JOIN person b ON b._id = l._src WHERE a.id < b.id GROUP BY a._id, a.id, b._id, b.id ORDER BY c DESC, x, y LIMIT 20"),
        ("nothing there", "MATCH (p:Person {id: -1})-[:KNOWS]->(q) RETURN count(q), max(q.id)",
         "SELECT count(q._id), max(q.id) FROM person p JOIN knows k ON k._src = p._id JOIN person q ON q._id = k._dst WHERE p.id = -1"),
    ]  # fmt: skip
    return [Pair(*text) for text in texts]


PAIRS = [*about_nodes(), *about_relationships(), *written()]
