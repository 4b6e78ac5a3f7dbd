"""Fifty questions of 4 to 17 joins: seventeen shapes, each with other conditions. What is asked are least values and a count, so that
joining is all of the work."""

from __future__ import annotations

from itertools import product

# Tables by their short names, and how those of a question that can be joined are joined.
TABLES = {
    "f": "film", "k": "kind", "fc": "country", "ft": "continent", "c": "credit", "p": "person", "pc": "country", "pa": "part",
    "g": "figure",
    "m": "film_company", "o": "company", "oc": "country", "r": "company_role", "x": "film_fact", "xt": "fact_type", "x2": "film_fact",
    "xt2": "fact_type", "s": "film_score", "st": "fact_type", "h": "person_fact", "ht": "fact_type", "fw": "film_word", "w": "word",
    "l": "film_link", "lt": "link_type", "f2": "film", "k2": "kind", "s2": "film_score", "fa": "film_alias", "na": "person_alias",
    "a": "film_award", "aw": "award", "ac": "country",
}  # fmt: skip
JOINS = {
    ("k", "f"): "k.id = f.kind_id", ("fc", "f"): "fc.id = f.country_id", ("ft", "fc"): "ft.id = fc.continent_id",
    ("c", "f"): "c.film_id = f.id", ("p", "c"): "p.id = c.person_id", ("pc", "p"): "pc.id = p.country_id", ("pa", "c"): "pa.id = c.part_id",
    ("g", "c"): "g.id = c.figure_id", ("m", "f"): "m.film_id = f.id", ("o", "m"): "o.id = m.company_id",
    ("oc", "o"): "oc.id = o.country_id", ("r", "m"): "r.id = m.role_id", ("x", "f"): "x.film_id = f.id", ("xt", "x"): "xt.id = x.type_id",
    ("x2", "f"): "x2.film_id = f.id", ("xt2", "x2"): "xt2.id = x2.type_id", ("s", "f"): "s.film_id = f.id",
    ("st", "s"): "st.id = s.type_id", ("h", "p"): "h.person_id = p.id", ("ht", "h"): "ht.id = h.type_id", ("fw", "f"): "fw.film_id = f.id",
    ("w", "fw"): "w.id = fw.word_id", ("l", "f"): "l.film_id = f.id", ("lt", "l"): "lt.id = l.type_id", ("f2", "l"): "f2.id = l.other_id",
    ("k2", "f2"): "k2.id = f2.kind_id", ("s2", "f2"): "s2.film_id = f2.id", ("fa", "f"): "fa.film_id = f.id",
    ("na", "p"): "na.person_id = p.id", ("a", "f"): "a.film_id = f.id", ("aw", "a"): "aw.id = a.award_id",
    ("ac", "aw"): "ac.id = aw.country_id",
}  # fmt: skip

# What is joined, what is asked for, and lists of conditions, of which a question has one of each list.
SHAPES: list[tuple[str, str, list[list[str]]]] = [
    ("f m o r oc", "min(f.title), min(o.name)",
     [["oc.code = '[c3]'", "oc.code IN ('[c1]', '[c40]')", "oc.code LIKE '[c5%'"], ["r.name = 'distribution' AND f.year > 2005"]]),
    ("f fw w x xt", "min(f.title), min(w.word)",
     [["w.word LIKE 'murder%'", "w.word = 'word-2'", "w.word = 'word-39'"], ["xt.name = 'genre' AND x.value IN ('Horror', 'War')"]]),
    ("f k x xt s st", "min(f.title), max(s.score)",
     [["k.name = 'feature' AND s.score > 9", "k.name = 'game' AND s.score < 2", "k.name IN ('short', 'video') AND s.score > 7"],
      ["xt.name = 'language' AND x.value = 'language 2' AND st.name = 'rating'"]]),
    ("f c p pa pc", "min(p.name), min(f.title)",
     [["p.gender = 'f' AND f.year = 1999", "p.born < 1910", "p.name LIKE 'B%' AND f.year > 2015"],
      ["pa.name = 'actress' AND pc.code <> '[c0]'"]]),
    ("f l lt f2 k k2 s2", "min(f.title), min(f2.title), max(s2.score)",
     [["lt.name = 'remake of'", "lt.name IN ('spoofs', 'features') AND f2.year < 1990", "lt.name LIKE '%follow%' AND k.name = 'series'"],
      ["s2.score > 5 AND k2.name <> 'game'"]]),
    ("f m o r fw w fc", "min(o.name), min(f.title)",
     [["w.word LIKE 'murder-%' AND fc.code = '[c1]'", "w.word = 'word-5' AND o.name LIKE 'Warner%'", "m.note LIKE '%(co-production)%'"],
      ["r.name = 'production' AND f.year BETWEEN 1980 AND 2010"]]),
    ("f c p na h ht", "min(na.name), min(f.title)",
     [["h.value = 'height 3'", "ht.name = 'trivia' AND p.name LIKE 'A%'",
       "ht.name = 'birth' AND h.value LIKE 'birth 1%' AND f.year < 1950"],
      ["na.name LIKE 'zz%'"]]),
    ("f a aw ac k fc ft x xt", "min(f.title), min(aw.name)",
     [["a.won = 1 AND ft.name = 'Europe'", "aw.name LIKE 'Golden%' AND a.year > 2000", "ac.code = '[c2]' AND k.name = 'feature'"],
      ["xt.name = 'genre' AND x.value = 'Drama'"]]),
    ("f c p pa g m o oc", "min(g.name), min(p.name), min(f.title)",
     [["g.name LIKE 'Queen%' AND oc.code = '[c0]'", "oc.code = '[c30]'", "p.gender = 'f' AND f.year > 2020 AND g.name LIKE '%7'"],
      ["pa.name IN ('actor', 'actress')"]]),
    ("f fw w c p pa s st", "min(p.name), max(s.score)",
     [["w.word = 'word-10' AND p.name LIKE '%1'", "w.word LIKE 'murder%' AND s.score > 9.5", "w.word = 'word-77' AND pa.name = 'director'"],
      ["st.name = 'votes' AND f.year > 1990"]]),
    ("f m o oc r x xt s st k", "min(o.name), max(s.score), min(f.title)",
     [["oc.code = '[c4]' AND s.score < 3", "x.value = 'Western' AND r.name = 'effects'", "k.name = 'series' AND f.year > 2018"],
      ["xt.name = 'genre' AND st.name = 'rating'"]]),
    ("f c p na h ht pa k fc ft", "min(p.name), min(na.name)",
     [["ft.name = 'Asia' AND h.value LIKE 'quote%'", "p.born > 1990 AND k.name = 'short'", "pa.name = 'composer' AND ht.name = 'spouse'"],
      ["na.name > 'ab alias 5'"]]),
    ("f x xt x2 xt2 s st fw w k m o", "min(f.title), max(s.score)",
     [["w.word = 'word-12'", "w.word LIKE 'murder%' AND x2.value = 'language 9'", "o.name LIKE 'Warner%' AND w.word = 'word-60'"],
      ["xt.name = 'genre' AND x.value = 'Comedy' AND xt2.name = 'language' AND st.name = 'rating' AND s.score > 6"]]),
    ("f l lt f2 m o oc r fw w k s2", "min(f.title), min(f2.title), min(o.name)",
     [["lt.name = 'followed by' AND w.word = 'word-1'", "oc.code <> '[c0]' AND f2.year > 2010", "w.word LIKE 'murder%'"],
      ["r.name = 'production' AND s2.score < 8"]]),
    ("f c p pa g m o oc r fw w x xt", "min(p.name), min(f.title), min(g.name)",
     [["w.word = 'word-33' AND oc.code = '[c1]'", "x.value = 'War' AND g.name = 'Figure 25'",
       "p.name LIKE 'C%' AND w.word = 'word-20' AND f.year < 1990"],
      ["xt.name = 'genre' AND f.year > 1960 AND pa.name IN ('actor', 'actress')"]]),
    ("f c p na pa g m o oc r fa s st x xt", "min(na.name), min(fa.title), min(o.name)",
     [["oc.code = '[c6]' AND f.year BETWEEN 2000 AND 2006", "p.gender = 'f' AND s.score > 9 AND x.value = 'Thriller'",
       "g.name = 'Figure 12'"],
      ["pa.name = 'actress' AND xt.name = 'genre' AND st.name = 'rating' AND r.name = 'production'"]]),
    ("f c p pa pc h ht m o oc r fw w x xt s st k", "min(p.name), min(f.title), max(s.score)",
     [["w.word = 'word-44'", "h.value = 'trivia 2' AND oc.code = '[c2]'"],
      ["xt.name = 'genre' AND x.value IN ('Drama', 'Horror') AND st.name = 'votes' AND r.name = 'distribution' AND p.gender = 'm'"]]),
]  # fmt: skip


def question(names: list[str], items: str, conditions: list[str]) -> str:
    joins = [text for pair, text in JOINS.items() if set(pair) <= set(names)]
    tables = ", ".join(f"{TABLES[name]} {name}" for name in names)
    return f"SELECT {items}, count(*) FROM {tables} WHERE {' AND '.join(joins + [f'({one})' for one in conditions])}"


def make_queries() -> dict[str, str]:
    """By number of the shape and a letter."""
    result = {}
    for number, (names, items, choices) in enumerate(SHAPES, 1):
        for letter, conditions in zip("abc", product(*choices), strict=False):
            result[f"{number}{letter}"] = question(names.split(), items, list(conditions))
    return result


QUERIES = make_queries()
