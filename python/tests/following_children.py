"""The processes of test_following.py: one that writes and several that follow, each a Python of its own.

    python following_children.py write STORE SEED
    python following_children.py follow STORE
    python following_children.py pace STORE SECONDS RATE
    python following_children.py lag STORE

What holds after every commit of the writer, and so whenever a follower looks:
 - the balances of all accounts add up to the same sum, though every transfer changes two of them;
 - Left and Right come in pairs of the same number, joined by one relationship, and go together;
 - the one Tally says how many Loaded there are, and how many relationships of type Chain join them.
The processes end when their standard input does. The writer may be killed at any moment and started again.
"""

from __future__ import annotations

import random
import select
import sys
import time

from deed_core import Closed, PyDeedGraph, SnapshotTooOld, Transaction

ACCOUNTS = 50
BALANCE = 1000
LOAD = 12_000


def is_over() -> bool:
    """Whether the parent has closed the pipe, or is gone."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


# ---- The writer -----------------------------------------------------------------------------------------------------


def set_up(graph: PyDeedGraph) -> None:
    if graph.collections().get("Tally"):
        return
    with graph.transaction() as transaction:
        for number in range(ACCOUNTS):
            transaction.add_entity("Account", {"number": number, "balance": BALANCE, "note": "x" * (number % 40)})
        transaction.add_entity("Tally", {"loaded": 0, "chained": 0})


def transfer(graph: PyDeedGraph, rng: random.Random, accounts: list[int]) -> None:
    source, target = rng.sample(accounts, 2)
    amount = rng.randrange(1, 50)
    with graph.transaction() as transaction:
        for account, change in ((source, -amount), (target, amount)):
            balance = transaction.get_entity(account)["properties"]["balance"]
            transaction.update_entity(account, {"balance": balance + change})


def pair_up(graph: PyDeedGraph, rng: random.Random, pairs: list[tuple[int, int]]) -> None:
    with graph.transaction() as transaction:
        number = rng.randrange(1 << 40)
        left = transaction.add_entity("Left", {"number": number, "text": "left " * rng.randrange(8)})
        right = transaction.add_entity("Right", {"number": number})
        transaction.add_edge(left, right, "JOINS", {"number": number})
        pairs.append((left, right))
        if len(pairs) > 300:
            for end in pairs.pop(rng.randrange(len(pairs))):
                transaction.delete_entity(end, detach=True)


def load(graph: PyDeedGraph, tally: int) -> None:
    with graph.transaction() as transaction:
        counts = transaction.get_entity(tally)["properties"]
        if counts["loaded"] >= 8 * LOAD:
            return
        ids = transaction.add_entities("Loaded", {"value": range(LOAD)})
        transaction.add_edges("Chain", ids[:-1], ids[1:], {"step": range(LOAD - 1)})
        transaction.update_entity(tally, {"loaded": counts["loaded"] + LOAD, "chained": counts["chained"] + LOAD - 1})


def write(store: str, seed: int) -> None:
    rng = random.Random(seed)
    with PyDeedGraph(store, durability="async") as graph:
        set_up(graph)
        accounts = [row["id"] for row in graph.scan_collection("Account")]
        (tally,) = [row["id"] for row in graph.scan_collection("Tally")]
        numbers = {row["properties"]["number"]: row["id"] for row in graph.scan_collection("Right")}
        pairs = [(row["id"], numbers[row["properties"]["number"]]) for row in graph.scan_collection("Left")]
        print("ready", flush=True)
        while not is_over():
            for _ in range(rng.randrange(200)):
                transfer(graph, rng, accounts)
                pair_up(graph, rng, pairs)
            match rng.randrange(8):
                case 0 | 1:
                    graph.checkpoint()
                case 2:
                    graph.compact()
                case 3:
                    load(graph, tally)
                case _:
                    pass
        print(graph.stats()["transactions"]["last_commit"], flush=True)
        # Whoever follows compares with this commit: the process goes on until it is killed.
        sys.stdin.read()


# ---- Those who follow -----------------------------------------------------------------------------------------------


def look(transaction: Transaction) -> None:
    balances = [row["properties"]["balance"] for row in transaction.scan_collection("Account")]
    assert len(balances) == ACCOUNTS and sum(balances) == ACCOUNTS * BALANCE, f"the balances add up to {sum(balances)}"
    left = {row["properties"]["number"]: row["id"] for row in transaction.scan_collection("Left")}
    right = {row["properties"]["number"]: row["id"] for row in transaction.scan_collection("Right")}
    assert left.keys() == right.keys(), f"{len(left)} left, {len(right)} right"
    for number, entity in left.items():
        joined = transaction.get_outgoing_neighbors(entity)
        assert [neighbor for neighbor, _ in joined] == [right[number]], f"{number} is joined to {joined}"
        assert transaction.get_edge(joined[0][1])["properties"]["number"] == number
        assert transaction.get_incoming_neighbors(right[number]) == [(entity, joined[0][1])]


def look_at_loads(transaction: Transaction) -> None:
    ((counts),) = [row["properties"] for row in transaction.scan_collection("Tally")]
    loaded = [row["id"] for row in transaction.scan_collection("Loaded")]
    assert len(loaded) == counts["loaded"], f"{len(loaded)} loaded, {counts} counted"
    chained = sum(len(transaction.get_outgoing_neighbors(entity, "Chain")) for entity in loaded[:: LOAD // 40])
    expected = sum(index % LOAD != LOAD - 1 for index in range(0, len(loaded), LOAD // 40))
    assert chained == expected, f"{chained} of {expected} relationships"


def follow(store: str) -> None:
    looks = 0
    last = 0
    with PyDeedGraph(store, read_only=True, memory_limit=256 << 20) as graph:
        while not is_over():
            try:
                with graph.transaction(read_only=True) as transaction:
                    look(transaction)
                    if looks % 10 == 0:
                        look_at_loads(transaction)
                    look(transaction)
            except SnapshotTooOld:
                continue
            seen = graph.stats()["transactions"]["last_commit"]
            assert seen >= last, f"went back from {last} to {seen}"
            last = seen
            looks += 1
        wanted = int(sys.stdin.readline())
        assert graph.catch_up(wanted, timeout=60.0) >= wanted
        with graph.transaction(read_only=True) as transaction:
            look(transaction)
            look_at_loads(transaction)
        assert graph.check() == []
        following = graph.stats()["following"]
        print(looks, following["reloads"], graph.stats()["transactions"]["last_commit"], flush=True)


# ---- Lag ------------------------------------------------------------------------------------------------------------


def pace(store: str, seconds: float, rate: int) -> None:
    """Writes the time into one entity, so many times a second, each a commit."""
    with PyDeedGraph(store, durability="async") as graph:
        clock = graph.add_entity("Clock", {"ns": time.monotonic_ns()})
        graph.checkpoint()
        print(clock, flush=True)
        sys.stdin.readline()
        start = time.monotonic_ns()
        count = 0
        while (now := time.monotonic_ns()) - start < seconds * 1e9:
            if count * 1e9 / rate <= now - start:
                graph.update_entity(clock, {"ns": now})
                count += 1
        print(round(count / seconds), flush=True)


def lag(store: str, clock: int) -> None:
    """Prints how old each of the entity's times had become when a later one took its place, in milliseconds, sorted."""
    lags: list[float] = []
    with PyDeedGraph(store, read_only=True) as graph:
        print("ready", flush=True)
        last = graph.get_entity(clock)["properties"]["ns"]
        while not is_over():
            seen = graph.get_entity(clock)["properties"]["ns"]
            now = time.monotonic_ns()
            if seen != last:
                lags.append((now - last) / 1e6)
                last = seen
            time.sleep(0.0001)
    print(" ".join(f"{value:.3f}" for value in sorted(lags)), flush=True)


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case ["write", store, seed]:
                write(store, int(seed))
            case ["follow", store]:
                follow(store)
            case ["pace", store, seconds, rate]:
                pace(store, float(seconds), int(rate))
            case ["lag", store, clock]:
                lag(store, int(clock))
            case _:
                sys.exit(__doc__)
    except Closed as error:
        sys.exit(str(error))
