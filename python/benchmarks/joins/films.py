"""The tables: twenty-three, made from a seed.

What makes orders of joins hard is in them on purpose: a few films, people, companies and words are in most rows (Zipf), and columns
of different tables depend on each other (the country of a film and of its companies, its kind and its words, its fame and the number
of rows about it), so that estimates which take conditions for independent are wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

INT, FLOAT, TEXT = "BIGINT", "DOUBLE PRECISION", "TEXT"

# Of each table its columns. `id` is the key where there is one.
SCHEMA: dict[str, dict[str, str]] = {
    "continent": {"id": INT, "name": TEXT},
    "country": {"id": INT, "code": TEXT, "continent_id": INT},
    "kind": {"id": INT, "name": TEXT},
    "film": {"id": INT, "title": TEXT, "kind_id": INT, "year": INT, "country_id": INT},
    "person": {"id": INT, "name": TEXT, "gender": TEXT, "born": INT, "country_id": INT},
    "part": {"id": INT, "name": TEXT},
    "figure": {"id": INT, "name": TEXT},
    "credit": {"film_id": INT, "person_id": INT, "part_id": INT, "figure_id": INT, "place": INT},
    "company": {"id": INT, "name": TEXT, "country_id": INT},
    "company_role": {"id": INT, "name": TEXT},
    "film_company": {"film_id": INT, "company_id": INT, "role_id": INT, "note": TEXT},
    "fact_type": {"id": INT, "name": TEXT},
    "film_fact": {"film_id": INT, "type_id": INT, "value": TEXT},
    "film_score": {"film_id": INT, "type_id": INT, "score": FLOAT},
    "person_fact": {"person_id": INT, "type_id": INT, "value": TEXT},
    "word": {"id": INT, "word": TEXT},
    "film_word": {"film_id": INT, "word_id": INT},
    "link_type": {"id": INT, "name": TEXT},
    "film_link": {"film_id": INT, "other_id": INT, "type_id": INT},
    "film_alias": {"film_id": INT, "title": TEXT, "country_id": INT},
    "person_alias": {"person_id": INT, "name": TEXT},
    "award": {"id": INT, "name": TEXT, "country_id": INT},
    "film_award": {"film_id": INT, "award_id": INT, "person_id": INT, "year": INT, "won": INT},
}

KINDS = ["feature", "series", "episode", "short", "video", "game"]
PARTS = ["actor", "actress", "director", "producer", "writer", "editor", "composer", "camera", "sound", "guest"]
CONTINENTS = ["Africa", "Asia", "Europe", "North America", "Oceania", "South America"]
ROLES = ["production", "distribution", "effects", "music"]
FACTS = ["genre", "language", "runtime", "budget", "place", "rating", "votes", "birth", "height", "trivia", "quote", "spouse"]
GENRES = ["Drama", "Comedy", "Thriller", "Horror", "Action", "Romance", "Documentary", "Family", "War", "Western"]
LINKS = ["follows", "followed by", "remake of", "version of", "features", "spoofs"]

Ints = npt.NDArray[np.int64]


class Chance:
    """Skewed and plain choices."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def among(self, count: int, size: int) -> Ints:
        return self.generator.integers(0, count, size)

    def skewed(self, count: int, size: int, exponent: float = 1.0) -> Ints:
        """Numbers below `count`; the lower, the more often."""
        weights = 1.0 / np.arange(1, count + 1) ** exponent
        return np.searchsorted(np.cumsum(weights) / weights.sum(), self.generator.random(size)).astype(np.int64)

    def where(self, probability: Any, size: int) -> npt.NDArray[np.bool_]:
        result: npt.NDArray[np.bool_] = self.generator.random(size) < probability
        return result


def texts(names: list[str], numbers: Ints) -> list[str]:
    return [names[number] for number in numbers]


def nulls(values: Any, chance: Chance, probability: float) -> list[Any]:
    return [None if missing else value for value, missing in zip(values, chance.where(probability, len(values)).tolist(), strict=True)]


def make_tables(seed: int, films: int) -> dict[str, dict[str, Any]]:
    """Columns by the name of the table and of the column. The largest table has ten rows a film."""
    chance = Chance(seed)
    tables: dict[str, dict[str, Any]] = {}
    countries, words, figures = 60, max(films // 20, 40), films
    people, companies = films + films // 2, max(films // 10, 20)
    small(tables, countries, chance)

    # Early numbers are the famous ones: they have more of everything.
    film_country = chance.skewed(countries, films)
    film_kind = np.where(film_country < 5, chance.skewed(len(KINDS), films, 0.8), chance.skewed(len(KINDS), films, 2.0))
    year = 2024 - chance.skewed(100, films, 0.7) - np.where(film_kind == 0, chance.among(15, films), 0)
    tables["film"] = {
        "id": np.arange(films),
        "title": [f"{'The ' if n % 3 else ''}{'abcdefghijklmnopqrstuvwxyz'[n % 26]} film {n}" for n in range(films)],
        "kind_id": film_kind, "year": nulls(year.tolist(), chance, 0.03), "country_id": film_country,
    }  # fmt: skip
    person_country = chance.skewed(countries, people)
    woman = chance.where(np.where(person_country % 2 == 0, 0.3, 0.5), people)
    tables["person"] = {
        "id": np.arange(people), "name": [f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n * 7 % 26]}. Person {n}" for n in range(people)],
        "gender": nulls(["f" if one else "m" for one in woman.tolist()], chance, 0.1),
        "born": nulls((2005 - chance.skewed(110, people, 0.5)).tolist(), chance, 0.3), "country_id": person_country,
    }  # fmt: skip
    tables["figure"] = {"id": np.arange(figures), "name": [f"{'Queen' if n % 50 == 0 else 'Figure'} {n}" for n in range(figures)]}
    tables["company"] = {
        "id": np.arange(companies), "name": [f"{'Film' if n % 4 else 'Warner'} company {n}" for n in range(companies)],
        "country_id": chance.skewed(countries, companies, 1.3),
    }  # fmt: skip
    tables["word"] = {"id": np.arange(words), "word": [f"{'murder' if n % 17 == 3 else 'word'}-{n}" for n in range(words)]}
    about_people(tables, chance, films, people, figures, woman)
    about_films(tables, chance, films, companies, words, countries)
    return tables


def small(tables: dict[str, dict[str, Any]], countries: int, chance: Chance) -> None:
    def named(name: str, names: list[str]) -> None:
        tables[name] = {"id": np.arange(len(names)), "name": names}

    named("continent", CONTINENTS)
    named("kind", KINDS)
    named("part", PARTS)
    named("company_role", ROLES)
    named("fact_type", FACTS)
    named("link_type", LINKS)
    tables["country"] = {
        "id": np.arange(countries), "code": [f"[c{n}]" for n in range(countries)], "continent_id": chance.among(len(CONTINENTS), countries)}
    tables["award"] = {
        "id": np.arange(40), "name": [f"{'Golden' if n % 5 == 0 else 'Silver'} prize {n}" for n in range(40)],
        "country_id": chance.skewed(countries, 40)}


def about_people(
    tables: dict[str, dict[str, Any]], chance: Chance, films: int, people: int, figures: int, woman: npt.NDArray[np.bool_]
) -> None:
    count = films * 10
    film = famous(chance, films, count)
    # Famous people play in famous films.
    person = np.where(film < films // 20, chance.skewed(people, count, 0.9), chance.among(people, count))
    part = np.where(chance.where(0.6, count), np.where(woman[person], 1, 0), 2 + chance.skewed(len(PARTS) - 2, count))
    figure = np.where(part < 2, chance.skewed(figures, count, 0.6), -1)
    tables["credit"] = {
        "film_id": film, "person_id": person, "part_id": part,
        "figure_id": [None if one < 0 else one for one in figure.tolist()], "place": chance.skewed(30, count, 0.5),
    }  # fmt: skip
    count = people
    subject = chance.skewed(people, count, 0.4)
    kind = np.where(subject < people // 10, 8 + chance.among(4, count), 7)
    tables["person_fact"] = {
        "person_id": subject, "type_id": kind,
        "value": [f"{FACTS[a]} {b}" for a, b in zip(kind.tolist(), chance.skewed(200, count).tolist(), strict=True)],
    }  # fmt: skip
    count = people // 2
    named = chance.skewed(people, count, 0.5)
    tables["person_alias"] = {"person_id": named, "name": [f"{'ab' if n % 9 else 'zz'} alias {n}" for n in named.tolist()]}
    count = films // 4
    film = famous(chance, films // 2, count)
    tables["film_award"] = {
        "film_id": film, "award_id": chance.skewed(40, count), "person_id": nulls(chance.skewed(people, count, 0.9).tolist(), chance, 0.4),
        "year": 2024 - chance.skewed(60, count, 0.6), "won": chance.where(0.2, count).astype(np.int64),
    }  # fmt: skip


def famous(chance: Chance, films: int, count: int) -> Ints:
    """Films of rows: every second one is of a famous film."""
    return np.where(chance.where(0.5, count), chance.skewed(films, count, 0.4), chance.among(films, count))


def about_films(
    tables: dict[str, dict[str, Any]], chance: Chance, films: int, companies: int, words: int, countries: int
) -> None:
    country, kind = tables["film"]["country_id"], tables["film"]["kind_id"]
    count = films * 5 // 2
    film = famous(chance, films, count)
    own = (country[film] * 7 + chance.skewed(20, count)) % companies
    company = np.where(chance.where(0.7, count), own, chance.skewed(companies, count))
    tables["film_company"] = {
        "film_id": film, "company_id": company, "role_id": chance.skewed(len(ROLES), count),
        "note": nulls([f"({'co-production' if n % 11 == 0 else 'worldwide'}) ({2000 + n % 20})" for n in company.tolist()], chance, 0.5),
    }  # fmt: skip
    count = films * 7
    film = famous(chance, films, count)
    type = chance.skewed(5, count, 0.7)
    genre = (kind[film] * 2 + chance.skewed(len(GENRES), count)) % len(GENRES)
    number = chance.skewed(150, count)
    value = [
        GENRES[g] if t == 0 else f"language {c}" if t == 1 else f"{FACTS[t]} {n}"
        for t, g, c, n in zip(type.tolist(), genre.tolist(), country[film].tolist(), number.tolist(), strict=True)
    ]
    tables["film_fact"] = {"film_id": film, "type_id": type, "value": value}
    count = films * 2
    film = chance.among(films, count)
    fame = 1.0 - film / films
    tables["film_score"] = {
        "film_id": film, "type_id": 5 + chance.among(2, count), "score": np.round((fame * 5 + chance.generator.random(count) * 5) * 4) / 4}
    count = films * 5
    film = famous(chance, films, count)
    word = np.where(chance.where(0.5, count), kind[film] * 3 + chance.skewed(9, count), chance.skewed(words, count))
    tables["film_word"] = {"film_id": film, "word_id": word}
    count = films // 2
    film = chance.skewed(films, count, 0.6)
    tables["film_link"] = {
        "film_id": film, "other_id": np.maximum(film - chance.skewed(200, count) - 1, 0), "type_id": chance.skewed(len(LINKS), count)}
    count = films // 2
    film = chance.skewed(films, count, 0.5)
    tables["film_alias"] = {
        "film_id": film, "title": [f"alias of {n}" for n in film.tolist()],
        "country_id": np.where(chance.where(0.5, count), country[film], chance.among(countries, count))}  # fmt: skip
