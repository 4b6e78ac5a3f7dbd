"""The social network of the folder `ldbc-snb-mini`, loaded as its files have it."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

# Label, file, and the columns that are integers.
NODES = {
    "Person": ("dynamic/person_0_0.csv", {"birthday", "creationDate"}),
    "Forum": ("dynamic/forum_0_0.csv", {"creationDate"}),
    "Post": ("dynamic/post_0_0.csv", {"creationDate", "length"}),
    "Comment": ("dynamic/comment_0_0.csv", {"creationDate", "length"}),
    "Tag": ("static/tag_0_0.csv.gz", set[str]()),
    "TagClass": ("static/tagclass_0_0.csv", set[str]()),
    "Place": ("static/place_0_0.csv", set[str]()),
    "Organisation": ("static/organisation_0_0.csv.gz", set[str]()),
}
# Type, the labels of its ends, and the file. Where a type has several, each has a name of its own.
RELATIONSHIPS = {
    "KNOWS": ("Person", "Person", "dynamic/person_knows_person_0_0.csv"),
    "HAS_INTEREST": ("Person", "Tag", "dynamic/person_hasInterest_tag_0_0.csv"),
    "LIVES_IN": ("Person", "Place", "dynamic/person_isLocatedIn_place_0_0.csv"),
    "STUDY_AT": ("Person", "Organisation", "dynamic/person_studyAt_organisation_0_0.csv"),
    "WORK_AT": ("Person", "Organisation", "dynamic/person_workAt_organisation_0_0.csv"),
    "LIKES_POST": ("Person", "Post", "dynamic/person_likes_post_0_0.csv"),
    "LIKES_COMMENT": ("Person", "Comment", "dynamic/person_likes_comment_0_0.csv"),
    "WROTE_POST": ("Post", "Person", "dynamic/post_hasCreator_person_0_0.csv"),
    "WROTE_COMMENT": ("Comment", "Person", "dynamic/comment_hasCreator_person_0_0.csv"),
    "POST_TAG": ("Post", "Tag", "dynamic/post_hasTag_tag_0_0.csv"),
    "COMMENT_TAG": ("Comment", "Tag", "dynamic/comment_hasTag_tag_0_0.csv"),
    "FORUM_TAG": ("Forum", "Tag", "dynamic/forum_hasTag_tag_0_0.csv"),
    "POST_IN": ("Post", "Place", "dynamic/post_isLocatedIn_place_0_0.csv"),
    "COMMENT_IN": ("Comment", "Place", "dynamic/comment_isLocatedIn_place_0_0.csv"),
    "REPLY_OF_POST": ("Comment", "Post", "dynamic/comment_replyOf_post_0_0.csv"),
    "REPLY_OF": ("Comment", "Comment", "dynamic/comment_replyOf_comment_0_0.csv"),
    "CONTAINS": ("Forum", "Post", "dynamic/forum_containerOf_post_0_0.csv"),
    "HAS_MEMBER": ("Forum", "Person", "dynamic/forum_hasMember_person_0_0.csv"),
    "MODERATOR": ("Forum", "Person", "dynamic/forum_hasModerator_person_0_0.csv"),
    "HAS_TYPE": ("Tag", "TagClass", "static/tag_hasType_tagclass_0_0.csv"),
    "SUBCLASS_OF": ("TagClass", "TagClass", "static/tagclass_isSubclassOf_tagclass_0_0.csv"),
    "PART_OF": ("Place", "Place", "static/place_isPartOf_place_0_0.csv"),
    "BASED_IN": ("Organisation", "Place", "static/organisation_isLocatedIn_place_0_0.csv"),
}


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        header, *rows = csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE)
    return header, rows


def value(text: str, is_integer: bool) -> Any:
    if text == "":
        return None
    return int(text) if is_integer else text


def load(graph: Any, directory: Path) -> None:
    """Fills an empty graph. Empty fields are null; numbers of persons and their like are indexed."""
    ids: dict[str, dict[str, int]] = {}
    for label, (file, integers) in NODES.items():
        header, rows = read(directory / file)
        columns = {
            name: [value(row[place], name in integers or name == "id") for row in rows] for place, name in enumerate(header)}
        made = graph.add_entities(label, columns)
        ids[label] = dict(zip((row[0] for row in rows), made, strict=True))
        graph.create_index(label, "id")
    for kind, (source, target, file) in RELATIONSHIPS.items():
        header, rows = read(directory / file)
        properties = {name: [int(row[2]) for row in rows] for name in header[2:]}
        graph.add_edges(kind, [ids[source][row[0]] for row in rows], [ids[target][row[1]] for row in rows], properties or None)
