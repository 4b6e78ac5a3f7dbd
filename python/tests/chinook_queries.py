"""Questions to a music shop that together use every construct of the dialect that a SELECT can have (docs/language/sql.md)."""

from __future__ import annotations

# By what they are about. Those whose last clauses order them (or that say so) do it totally, so that the order counts too.
QUERIES: dict[str, str] = {
    "all columns": "SELECT * FROM genre ORDER BY genreid",
    "names, cases and aliases": 'SELECT G.Name AS "Genre", genreid id FROM Genre AS g WHERE G.GENREID <= 5 ORDER BY "Genre", id',
    "comparisons": """
        SELECT trackid, name FROM track WHERE milliseconds > 2500000 AND unitprice <> 0.99 AND NOT bytes < 500000000
        ORDER BY trackid""",
    "nulls": """
        SELECT customerid, company IS NULL, state IS NOT NULL, fax IS DISTINCT FROM phone, coalesce(company, state, 'none')
        FROM customer WHERE fax IS NULL OR company IS NOT NULL ORDER BY 1""",
    "three values": """
        SELECT customerid, (state = 'CA') IS TRUE, (state = 'CA') IS NOT FALSE, (state = 'CA') IS UNKNOWN, NOT state = 'CA'
        FROM customer ORDER BY customerid""",
    "patterns": """
        SELECT name FROM artist WHERE name LIKE 'A%' OR name ILIKE '%ZE%' OR name LIKE '_ed %'
        ORDER BY name""",
    "patterns with an escape": "SELECT trackid FROM track WHERE name NOT LIKE '%!_%' ESCAPE '!' AND name LIKE '%#%%' ESCAPE '#' ORDER BY 1",
    "between and in": """
        SELECT invoiceid, total FROM invoice WHERE total BETWEEN 13 AND 26 AND billingcountry NOT IN ('USA', 'Canada')
        AND invoiceid NOT BETWEEN 100 AND 200 ORDER BY total DESC, invoiceid""",
    "case": """
        SELECT name, CASE WHEN milliseconds < 60000 THEN 'short' WHEN milliseconds < 300000 THEN 'middle' ELSE 'long' END,
            CASE mediatypeid WHEN 1 THEN 'mpeg' WHEN 3 THEN 'video' END
        FROM track WHERE albumid IN (1, 226, 227) ORDER BY trackid""",
    "arithmetic": """
        SELECT trackid, milliseconds / 1000, milliseconds % 1000, -milliseconds + 2 * 3, bytes / 1048576.0, (unitprice * 100)::int
        FROM track WHERE trackid < 40 ORDER BY trackid""",
    "functions of numbers": """
        SELECT trackid, round(unitprice), ceil(milliseconds / 1000.0), floor(milliseconds / 1000.0), abs(trackid - 20), sqrt(bytes),
            power(unitprice, 2), mod(trackid, 7), sign(trackid - 20), greatest(trackid, 20), least(trackid, 20), ln(bytes)
        FROM track WHERE trackid <= 40 ORDER BY 1""",
    "functions of texts": """
        SELECT lower(lastname), upper(firstname), length(email), substring(email FROM 1 FOR 4), position('@' IN email),
            left(lastname, 2), right(lastname, 2), replace(phone, ' ', ''), trim('+' FROM phone), lpad(customerid::text, 4, '0'),
            reverse(firstname), firstname || ' ' || lastname, concat(company, '/', state)
        FROM customer ORDER BY customerid""",
    "casts": """
        SELECT CAST(total AS int), invoiceid::text || '!', CAST(invoicedate AS date), CAST('7' AS bigint) + invoiceid,
            total::double precision, (total > 5)::text, CAST(invoiceid AS float8) / 4
        FROM invoice WHERE invoiceid < 30 ORDER BY invoiceid""",
    "dates": """
        SELECT invoiceid, EXTRACT(year FROM invoicedate), EXTRACT(month FROM invoicedate), EXTRACT(day FROM invoicedate),
            invoicedate + INTERVAL '1 month', CAST(invoicedate AS date) - DATE '2021-01-01',
            CAST(invoicedate AS date) + 7
        FROM invoice WHERE invoicedate >= TIMESTAMP '2023-01-31 00:00:00' AND invoicedate < DATE '2023-06-01' ORDER BY invoiceid""",
    "ages of employees": """
        SELECT lastname, hiredate - birthdate, EXTRACT(dow FROM birthdate), EXTRACT(quarter FROM hiredate)
        FROM employee WHERE birthdate > TIMESTAMP '1960-01-01 00:00:00' ORDER BY employeeid""",
    "nullif": "SELECT invoiceid, nullif(billingstate, 'CA'), nullif(total, 1.98) FROM invoice WHERE invoiceid < 30 ORDER BY invoiceid",
    "inner join": """
        SELECT a.title, r.name FROM album a INNER JOIN artist r ON r.artistid = a.artistid WHERE r.name LIKE 'L%'
        ORDER BY a.title, r.name""",
    "a chain of joins": """
        SELECT c.lastname, i.invoiceid, t.name, g.name FROM customer c JOIN invoice i ON i.customerid = c.customerid
            JOIN invoiceline l ON l.invoiceid = i.invoiceid JOIN track t ON t.trackid = l.trackid JOIN genre g ON g.genreid = t.genreid
        WHERE c.country = 'Brazil' AND g.name <> 'Rock' ORDER BY l.invoicelineid""",
    "left join": """
        SELECT r.name, a.title FROM artist r LEFT JOIN album a ON a.artistid = r.artistid AND a.title LIKE '%Live%'
        WHERE r.artistid < 60 ORDER BY r.artistid, a.albumid""",
    "right join": """
        SELECT e.lastname, c.lastname FROM customer c RIGHT OUTER JOIN employee e ON c.supportrepid = e.employeeid AND c.country = 'USA'
        ORDER BY e.employeeid, c.customerid""",
    "full join": """
        SELECT c.country, e.lastname FROM (SELECT DISTINCT country FROM customer) c FULL JOIN employee e ON e.country = c.country
            AND e.reportsto = 2 ORDER BY c.country, e.lastname""",
    "cross join": "SELECT g.name, m.name FROM genre g CROSS JOIN mediatype m WHERE g.genreid < 4 ORDER BY 1, 2",
    "natural join and using": """
        SELECT p.name, count(*) FROM playlist p NATURAL JOIN playlisttrack JOIN track t USING (trackid) GROUP BY p.playlistid, p.name
        ORDER BY 2, p.playlistid""",
    "a table with itself": """
        SELECT e.lastname, m.lastname, b.lastname FROM employee e LEFT JOIN employee m ON e.reportsto = m.employeeid
            LEFT JOIN employee b ON m.reportsto = b.employeeid ORDER BY e.employeeid""",
    "a join by an inequality": """
        SELECT a.name, count(b.genreid) FROM genre a LEFT JOIN genre b ON b.name < a.name GROUP BY a.genreid, a.name ORDER BY 2, 1""",
    "lateral": """
        SELECT c.lastname, best.invoiceid, best.total FROM customer c CROSS JOIN LATERAL (
            SELECT i.invoiceid, i.total FROM invoice i WHERE i.customerid = c.customerid ORDER BY i.total DESC, i.invoiceid LIMIT 2) best
        ORDER BY c.customerid, best.total DESC, best.invoiceid""",
    "lateral with an outer join": """
        SELECT e.lastname, x.n FROM employee e LEFT JOIN LATERAL (
            SELECT count(*) AS n FROM customer c WHERE c.supportrepid = e.employeeid HAVING count(*) > 0) x ON true
        ORDER BY e.employeeid""",
    "grouping": """
        SELECT billingcountry, count(*), sum(total), avg(total), min(total), max(invoicedate) FROM invoice GROUP BY billingcountry
        ORDER BY sum(total) DESC, billingcountry""",
    "having": """
        SELECT r.name, count(*) AS albums FROM artist r JOIN album a ON a.artistid = r.artistid GROUP BY r.artistid, r.name
        HAVING count(*) >= 4 AND min(a.title) > 'B' ORDER BY albums DESC, r.name""",
    "grouping by an expression": """
        SELECT EXTRACT(year FROM invoicedate) AS year, billingcountry = 'USA' AS home, count(DISTINCT customerid), sum(total)
        FROM invoice GROUP BY 1, home ORDER BY 1, 2""",
    "all rows as one group": """
        SELECT count(*), count(composer), count(DISTINCT composer), sum(milliseconds), avg(bytes), min(name), max(name), stddev_samp(bytes),
            stddev_pop(milliseconds), bool_and(milliseconds > 0), bool_or(composer IS NULL) FROM track""",
    "no row as one group": "SELECT count(*), sum(total), max(total), avg(total), count(DISTINCT total) FROM invoice WHERE total < 0",
    "filters of aggregates": """
        SELECT mediatypeid, count(*) FILTER (WHERE composer IS NULL), sum(milliseconds) FILTER (WHERE genreid = 1),
            avg(unitprice) FILTER (WHERE genreid > 1000) FROM track GROUP BY mediatypeid ORDER BY mediatypeid""",
    "texts and lists of groups": """
        SELECT country, string_agg(lastname, ', ' ORDER BY lastname, customerid DESC), count(DISTINCT supportrepid)
        FROM customer GROUP BY country ORDER BY country""",
    "lists of groups": """
        SELECT supportrepid, array_agg(customerid ORDER BY customerid DESC) FROM customer GROUP BY supportrepid ORDER BY supportrepid""",
    "rollup": """
        SELECT billingcountry, billingcity, GROUPING(billingcountry, billingcity), sum(total), count(*) FROM invoice
        GROUP BY ROLLUP (billingcountry, billingcity) ORDER BY 3, 1, 2""",
    "cube": """
        SELECT genreid, mediatypeid, count(*), min(milliseconds), GROUPING(genreid), GROUPING(mediatypeid) FROM track WHERE genreid < 10
        GROUP BY CUBE (genreid, mediatypeid) ORDER BY 5, 6, 1, 2""",
    "grouping sets": """
        SELECT country, supportrepid, count(*) FROM customer GROUP BY GROUPING SETS ((country), (supportrepid), (country, supportrepid), ())
        ORDER BY 1, 2, 3""",
    "distinct": "SELECT DISTINCT billingcountry, billingstate FROM invoice ORDER BY billingcountry, billingstate",
    "distinct on": """
        SELECT DISTINCT ON (customerid) customerid, invoiceid, total FROM invoice ORDER BY customerid, total DESC, invoiceid""",
    "order and nulls": """
        SELECT customerid, state, company FROM customer ORDER BY state DESC, company NULLS FIRST, customerid LIMIT 40 OFFSET 5""",
    "order by what is not selected": "SELECT lastname FROM customer ORDER BY length(lastname) DESC, lower(email)",
    "fetch first": "SELECT name FROM track ORDER BY bytes DESC NULLS LAST, trackid OFFSET 3 ROWS FETCH FIRST 5 ROWS ONLY",
    "union": "SELECT city FROM customer UNION SELECT city FROM employee ORDER BY city",
    "union all": """
        SELECT 'customer' AS kind, country, count(*) FROM customer GROUP BY country
        UNION ALL SELECT 'employee', country, count(*) FROM employee GROUP BY country ORDER BY 1, 2, 3""",
    "intersect and except": """
        (SELECT artistid FROM artist EXCEPT SELECT artistid FROM album) UNION (SELECT genreid FROM genre INTERSECT SELECT playlistid
        FROM playlist) ORDER BY artistid DESC""",
    "except all and intersect all": """
        SELECT genreid FROM track WHERE albumid < 60 EXCEPT ALL (SELECT genreid FROM track WHERE albumid < 20
        INTERSECT ALL SELECT genreid FROM track WHERE albumid BETWEEN 10 AND 40)""",
    "scalar subqueries": """
        SELECT c.customerid, (SELECT max(i.total) FROM invoice i WHERE i.customerid = c.customerid),
            (SELECT count(*) FROM invoice) FROM customer c WHERE c.supportrepid = 3 ORDER BY 1""",
    "exists": """
        SELECT name FROM artist r WHERE EXISTS (SELECT 1 FROM album a WHERE a.artistid = r.artistid AND EXISTS (
            SELECT 1 FROM track t WHERE t.albumid = a.albumid AND t.milliseconds > 1000000)) ORDER BY name""",
    "not exists": """
        SELECT t.trackid FROM track t WHERE t.genreid = 1 AND NOT EXISTS (SELECT 1 FROM invoiceline l WHERE l.trackid = t.trackid)
        AND NOT EXISTS (SELECT 1 FROM playlisttrack p WHERE p.trackid = t.trackid AND p.playlistid = 5) ORDER BY t.trackid""",
    "in and not in": """
        SELECT count(*) FROM track WHERE albumid IN (SELECT albumid FROM album WHERE artistid IN (SELECT artistid FROM artist WHERE name
        LIKE '%s')) AND trackid NOT IN (SELECT trackid FROM invoiceline WHERE quantity > 0)""",
    "any and all": """
        SELECT invoiceid, total FROM invoice WHERE total >= ALL (SELECT total FROM invoice WHERE billingcountry = 'Chile')
        AND total > ANY (SELECT total FROM invoice WHERE billingcountry = 'India') AND billingcity <> ALL (SELECT city FROM employee)
        ORDER BY invoiceid""",
    "rows as values": """
        SELECT playlistid, trackid FROM playlisttrack WHERE (playlistid, trackid) IN ((1, 5), (8, 7), (16, 52), (16, 53))
        OR (playlistid, trackid) > (17, 3) ORDER BY playlistid, trackid""",
    "a table of a query": """
        SELECT decade, count(*), avg(n) FROM (SELECT customerid / 10 AS decade, count(*) AS n FROM invoice GROUP BY customerid) AS t
        GROUP BY decade ORDER BY decade""",
    "values": """
        SELECT g.name, v.nick, v.rank * 2 FROM (VALUES (1, 'loud', 1.5), (2, NULL, 2), (99, 'none', 3)) AS v(id, nick, rank)
        LEFT JOIN genre g ON g.genreid = v.id ORDER BY v.id""",
    "series": """
        SELECT m, count(invoiceid), coalesce(sum(total), 0) FROM generate_series(1, 14) AS s(m)
            LEFT JOIN invoice ON EXTRACT(month FROM invoicedate) = m AND EXTRACT(year FROM invoicedate) = 2022 GROUP BY m ORDER BY m""",
    "with": """
        WITH spent AS (SELECT customerid, sum(total) AS total FROM invoice GROUP BY customerid),
            mean(value) AS (SELECT avg(total) FROM spent)
        SELECT c.lastname, s.total - m.value FROM spent s JOIN customer c ON c.customerid = s.customerid, mean m
        WHERE s.total > m.value ORDER BY s.total DESC, c.customerid""",
    "with recursive": """
        WITH RECURSIVE chain(id, name, depth, way) AS (
            SELECT employeeid, lastname, 0, lastname FROM employee WHERE reportsto IS NULL
            UNION ALL SELECT e.employeeid, e.lastname, c.depth + 1, c.way || '/' || e.lastname
            FROM chain c JOIN employee e ON e.reportsto = c.id)
        SELECT depth, name, way FROM chain ORDER BY depth, id""",
    "with recursive of a union": """
        WITH RECURSIVE near(id) AS (
            SELECT 1 UNION SELECT q.trackid FROM near n JOIN playlisttrack p ON p.trackid = n.id
                JOIN playlisttrack q ON q.playlistid = p.playlistid WHERE p.playlistid > 8)
        SELECT count(*), min(id), max(id), sum(id) FROM near""",
    "ranks of a total order": """
        SELECT trackid, row_number() OVER w, ntile(4) OVER w, lag(name) OVER w, lead(milliseconds, 2, -1) OVER w,
            first_value(trackid) OVER w, last_value(trackid) OVER w, nth_value(trackid, 3) OVER w
        FROM track WHERE albumid < 50 WINDOW w AS (PARTITION BY genreid ORDER BY milliseconds, trackid) ORDER BY trackid""",
    "ranks with ties": """
        SELECT trackid, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, count(*) OVER w
        FROM track WHERE albumid BETWEEN 100 AND 160 WINDOW w AS (PARTITION BY genreid ORDER BY milliseconds / 20000 DESC)
        ORDER BY trackid""",
    "frames": """
        SELECT invoiceid, sum(total) OVER (PARTITION BY customerid ORDER BY invoiceid),
            avg(total) OVER (ORDER BY invoiceid ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING),
            count(*) OVER (ORDER BY invoiceid RANGE BETWEEN 10 PRECEDING AND 2 PRECEDING),
            max(total) OVER (ORDER BY customerid GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW),
            sum(total) FILTER (WHERE billingcountry = 'USA') OVER (ORDER BY invoiceid ROWS UNBOUNDED PRECEDING)
        FROM invoice ORDER BY invoiceid""",
    "windows over groups": """
        SELECT billingcountry, sum(total), rank() OVER (ORDER BY sum(total) DESC, billingcountry),
            sum(total) / sum(sum(total)) OVER () FROM invoice GROUP BY billingcountry ORDER BY 3""",
    "the best of each group": """
        SELECT country, lastname, total FROM (
            SELECT c.country, c.lastname, sum(i.total) AS total,
                row_number() OVER (PARTITION BY c.country ORDER BY sum(i.total) DESC, c.customerid) AS place
            FROM customer c JOIN invoice i USING (customerid) GROUP BY c.country, c.lastname, c.customerid) AS t
        WHERE place = 1 ORDER BY country""",
    "lists": """
        SELECT genreid, (array_agg(trackid ORDER BY trackid))[2], 14 = ANY (array_agg(trackid)), ARRAY[genreid, 0]
        FROM track WHERE genreid < 6 GROUP BY genreid ORDER BY genreid""",
    "unnest": "SELECT g.name, u.x FROM genre g JOIN unnest(ARRAY[3, 1, NULL, 40]) AS u(x) ON u.x >= g.genreid ORDER BY u.x, g.genreid",
    "a division of sets": """
        SELECT p.name FROM playlist p WHERE NOT EXISTS (SELECT 1 FROM track t WHERE t.genreid = 25 AND NOT EXISTS (
            SELECT 1 FROM playlisttrack x WHERE x.playlistid = p.playlistid AND x.trackid = t.trackid)) ORDER BY p.playlistid""",
    "everything at once": """
        WITH lines AS (SELECT l.*, t.genreid, t.name AS track FROM invoiceline l LEFT JOIN track t ON t.trackid = l.trackid)
        SELECT g.name, count(*) AS sold, sum(l.unitprice * l.quantity) AS earned, count(DISTINCT i.customerid) AS buyers
        FROM lines l JOIN genre g ON g.genreid = l.genreid JOIN invoice i ON i.invoiceid = l.invoiceid
        WHERE i.invoicedate >= '2022-01-01' AND EXISTS (SELECT 1 FROM customer c WHERE c.customerid = i.customerid AND c.fax IS NULL)
        GROUP BY g.genreid, g.name HAVING count(*) > (SELECT min(quantity) FROM invoiceline) ORDER BY earned DESC, g.name LIMIT 10""",
}
