#!/usr/bin/env python3
"""Draws the sample of a bundle anew, and sums its statement up again, with the standard library alone.

    sample.py FILE BUNDLE        FILE is a sample or a statement, BUNDLE all of the ledger: dealbook bundle all

Hashes, proofs and signatures are verify.py's part; it asks this file for the tables.
"""
import hashlib
import json
import sys

KINDS = ("sample", "stratum", "item", "row", "statement", "balance")
SETTLED = {prefix + suffix for prefix in ("SELLER_REV_SHARE", "SELLER_TAX_SHARE", "OTHER_SELLER_TAX_SHARE") for suffix in ("", "_REFUND")}
SETTLED.add("SELLER_REV_SHARE_CREDIT")
MOVES = {"invoice.issued": "invoiced", "invoice.adjusted": "credited", "invoice.forgiven": "credited", "invoice.collected": "collected"}
MONEY = (*MOVES, "disbursement.allocated", "disbursement.paid", "disbursement.failed", "balance.adjusted", "billing.unclassified")


class Wrong(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Wrong(why)


def units(text):
    """Hundred-millionths."""
    whole, _, fraction = text.lstrip("-").partition(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 10**8 + int((fraction + "0" * 8)[:8]))


def written(count, is_money):
    if not is_money:
        return str(count)
    whole, fraction = divmod(abs(count), 10**8)
    return ("-" if count < 0 else "") + f"{whole}.{fraction:08}".rstrip("0").rstrip(".")


def said(event):
    """What a line says now; nothing of what is withdrawn, or older than what was known."""
    value = event["value"]
    if event["type"] == "source.restated":
        return None if value["withdrawn"] or "precedes" in value else value["entry"]
    return value.get("replacement") if event["type"] == "entry.corrected" else event


def standing(entries):
    """What stands as of the last entry: (seq, effective_at, event), by position."""
    items, pending, roots, latest = {}, {}, {}, {}

    def drop(seq):
        for gone in (seq, latest.get(seq)):
            items.pop(gone, None)
            pending.pop(gone, None)

    for entry in entries:
        event, seq = entry["event"], entry["seq"]
        by_hand = (entry["source"] or {}).get("origin") == "manual"
        if event["type"] == "source.restated":
            drop(event["value"].get("replaces"))
            by_hand = False
        elif event["type"] == "entry.corrected":
            root = roots.get(event["value"]["entry"], event["value"]["entry"])
            drop(event["value"]["entry"])
            roots[seq], latest[root], by_hand = root, seq, True
        elif event["type"] == "entry.confirmed":
            confirmed = pending.pop(event["value"]["entry"], None)
            if confirmed:
                items[confirmed[0]] = confirmed
        now = said(event)
        if now:
            waits = now["type"] in MONEY and by_hand or now["type"] == "balance.brought_forward"
            (pending if waits else items)[seq] = (seq, entry["effective_at"], now)
    return [items[seq] for seq in sorted(items)]


def moment(text):
    """Moments are compared as texts of one length."""
    head, _, fraction = text[:-1].partition(".")
    return f"{head}.{(fraction + '000000')[:6]}"


def facts(event):
    value = event["value"]

    def text(*fields):
        return next((value[field] for field in fields if isinstance(value.get(field), str)), None)

    def amount(field):
        try:
            return units(value[field])
        except (ValueError, AttributeError, KeyError):
            return None

    variant = text("charge_variant", "invoice_variant")
    side = text("charge_side") or {"PURCHASE": "SELLING", "LISTING_FEE": "BUYING"}.get(variant)
    names = ("amount", "value", "estimated_revenue", "total", "counted")
    worth = next((amount(name) for name in names if isinstance(value.get(name), str) and amount(name) is not None), None)
    currency = text("currency")
    return text("recipient", "party", "payer", "holder", "beneficiary"), side, (currency, worth) if currency and worth is not None else None


def is_of(asked, item):
    _, at, event = item
    party, side, worth = facts(event)
    kind = event["type"]
    types = asked.get("types", [])
    return (
        (not types or any(kind == of or kind.startswith(of + ".") for of in types))
        and ("from" not in asked or moment(asked["from"]) <= moment(at))
        and ("until" not in asked or moment(at) < moment(asked["until"]))
        and asked.get("party") in (None, party)
        and asked.get("side") in (None, side)
        and asked.get("currency") in (None, worth and worth[0])
    )


def seed_of(checkpoint, text):
    return hashlib.sha256(f"dealbook sample v1\n{checkpoint}{text}\n".encode()).hexdigest()


def draw(seed, label, cell, width):
    attempt = 0
    while True:
        digest = hashlib.sha256(f"dealbook draw v1\n{seed}\n{label}\n{cell}\n{attempt}\n".encode()).digest()
        number = int.from_bytes(digest[:16], "big")
        if number < 2**128 - 2**128 % width:
            return number % width
        attempt += 1


def drawn_unit(seed, label, cell, cells, rest):
    low, high = cell * rest // cells, (cell + 1) * rest // cells
    return low + draw(seed, label, cell, high - low)


def place(worth):
    """The stratum of an amount, in the order of strata: what has no currency first."""
    if worth is None:
        return ("", 3, "unvalued")
    currency, amount = worth
    return (currency, 0, "above") if amount > 0 else (currency, 1, "below") if amount < 0 else (currency, 2, "zero")


def draw_items(asked, entries):
    strata = {}
    for item in standing(entries):
        if is_of(asked, item):
            worth = facts(item[2])[2]
            strata.setdefault(place(worth), []).append((item[0], worth and worth[1], item[2]))
    for (currency, _, part), items in sorted(strata.items()):
        is_money = part in ("above", "below")
        weight = (lambda item: abs(item[1])) if is_money else (lambda item: 1)
        rest, cells, picked = items, asked["wanted"], []
        while rest:
            left = sum(map(weight, rest))
            whole = [item for item in rest if weight(item) * cells >= left]
            if not whole:
                break
            rest = [item for item in rest if weight(item) * cells < left]
            cells -= len(whole)
            picked += [(item, {"because": "whole"}) for item in whole]
        left, cells = sum(map(weight, rest)), cells if rest else 0
        label = f"{currency or '-'} {part}"
        hits = [drawn_unit(asked["sha256"], label, cell, cells, left) for cell in range(cells)]
        stratum = {"cells": cells, "items": len(items), "part": part, "rest": written(left, is_money), "total": written(sum(map(weight, items)), is_money)}
        stratum |= {"whole": len(picked)} | ({"currency": currency} if currency else {})
        before = 0
        for item in rest:
            inside = [cell for cell, unit in enumerate(hits) if before <= unit < before + weight(item)]
            if inside:
                picked.append((item, {"because": "drawn", "before": written(before, is_money), "cells": inside}))
            before += weight(item)
        yield {"type": "stratum", "value": stratum}
        for (seq, amount, event), why in sorted(picked, key=lambda one: one[0][0]):
            names = ("amount", "value", "estimated_revenue", "total", "counted")
            told = {} if amount is None else {"amount": next(event["value"][name] for name in names if isinstance(event["value"].get(name), str))}
            yield {"type": "item", "value": why | told | {"event": seq}}


def draw_rows(asked, entries):
    files, found = {}, {}
    for entry in entries:
        source, value = entry["source"] or {}, entry["event"]["value"]
        if "row" in source and "import" in source:
            found.setdefault((source["import"], source["row"]), []).append(entry["seq"])
        if entry["event"]["type"] == "source.imported":
            _, before = files.pop(value.get("replaces"), (None, []))
            imports = ([] if value.get("rewritten") else before) + [entry["seq"]]
            if asked.get("types", [value["feed"]]).count(value["feed"]) and asked.get("party") in (None, value["recipient"]):
                files[entry["seq"]] = (value, imports)
    total = sum(value["rows"] for value, _ in files.values())
    cells = min(asked["wanted"], total)
    if total:
        yield {"type": "stratum", "value": {"cells": cells, "items": total, "part": "rows", "rest": str(total), "total": str(total), "whole": 0}}
    for cell in range(cells):
        unit, before = drawn_unit(asked["sha256"], "- rows", cell, cells, total), 0
        for seq in sorted(files):
            value, imports = files[seq]
            if unit < before + value["rows"]:
                row = unit - before + 1
                where = [line for of in imports for line in found.get((of, row), [])]
                told = {"before": before, "cell": cell, "digest": value["digest"], "file": value["file"], "found": where, "import": seq}
                yield {"type": "row", "value": told | {"row": row, "rows": value["rows"]}}
                break
            before += value["rows"]


def shared(entry):
    """Whether a restatement names another party in what it replaces."""
    value = entry["event"]["value"]
    if entry["event"]["type"] != "source.restated" or "replaced" not in value:
        return False
    now, before = value["entry"], value["replaced"]["entry"]
    field = "aws_account" if now["type"] == before["type"] == "party.registered" else "counterparty"
    both = now["type"] == before["type"] == "party.registered" or now["type"] in MONEY and before["type"] in MONEY
    return both and field in before["value"] and now["value"].get(field) != before["value"][field]


def balances(asked, entries, openings=None):
    """The balances of a statement, and the positions of lines that may stand in it."""
    items, others = standing(entries), {entry["seq"] for entry in entries if shared(entry)}
    party, called, known = asked["party"], set(), set()
    for seq, _, event in items:
        value = event["value"]
        if event["type"] == "party.registered" and value.get("aws_account") == party and seq not in others:
            called.add((value["recipient"], value["account"]))
            known.add(seq)
    is_party = lambda value: value["counterparty"] == party or (value["recipient"], value["counterparty"]) in called
    whose = {}
    for _, _, event in items:
        value = event["value"]
        if event["type"] in MONEY and "invoice" in value and "counterparty" in value:
            whose.setdefault((value["recipient"], value["invoice"]), []).append(is_party(value))
    sums, begins, ends = {}, moment(asked["from"]), moment(asked["until"])
    for seq, at, event in items:
        value, move = event["value"], MOVES.get(event["type"])
        if not move or value["transaction_type"] not in SETTLED or value.get("wholesale") or "invoice" not in value:
            continue
        if move != "collected" and value.get("balance_impacting") is False:
            continue
        named = whose.get((value["recipient"], value["invoice"]), [])
        if not (is_party(value) if "counterparty" in value else named and all(named)) or seq in others:
            continue
        known.add(seq)
        if moment(at) >= ends:
            continue
        sums.setdefault((value["recipient"], value["currency"]), {"opening": 0, "invoiced": 0, "credited": 0, "collected": 0})
        of = sums[value["recipient"], value["currency"]]
        if moment(at) < begins:
            of["opening"] += units(value["amount"]) * (-1 if move == "collected" else 1)
        else:
            of[move] += units(value["amount"])
    for place, opening in (openings or {}).items():
        sums.setdefault(place, {"invoiced": 0, "credited": 0, "collected": 0})["opening"] = opening
    for of in sums.values():
        of["closing"] = of["opening"] + of["invoiced"] + of["credited"] - of["collected"]
    return sums, known


def told_balances(tables):
    told = {}
    for record in tables[1:]:
        value = record["value"]
        told[value["recipient"], value["currency"]] = {name: units(value[name]) for name in ("opening", "invoiced", "credited", "collected", "closing")}
    check(list(told) == sorted(told) and len(told) == len(tables) - 1, "balances stand by recipient and currency, each once")
    return told


def hold(tables, entries, checkpoint):
    """Whether the tables agree with themselves, with the lines in the file and with its checkpoint (its three lines)."""
    asked = tables[0]["value"]
    check(asked["checkpoint"] == int(checkpoint.split("\n")[1]), "it is of another checkpoint")
    lines = {entry["seq"]: entry for entry in entries}
    free = {entry["seq"] for entry in entries if entry["seq"] > 1 and entry["event"]["type"] != "key.rotated"}
    if tables[0]["type"] == "statement":
        told = told_balances(tables)
        sums, known = balances(asked, entries, {place: of["opening"] for place, of in told.items()})
        check(sums == told and free <= known, "the lines do not come to the balances")
        return
    check(asked["sha256"] == seed_of(checkpoint, asked["seed"]), "the seed is not that of checkpoint and text")
    strata = []
    for record in tables[1:]:
        if record["type"] == "stratum":
            strata.append((record["value"], []))
        else:
            strata[-1][1].append(record["value"])
    shown = set()
    for stratum, picked in strata:
        part, cells = stratum["part"], stratum["cells"]
        label, is_money = f"{stratum.get('currency', '-')} {part}", part in ("above", "below")
        read = units if is_money else int
        rest, cell, end, taken, whole = read(stratum["rest"]), 0, 0, 0, 0
        for one in picked:
            if part == "rows":
                unit = drawn_unit(asked["sha256"], label, cell, cells, rest)
                said_so = lines[one["import"]]["event"]["value"]
                check(one["cell"] == cell and one["before"] + one["row"] - 1 == unit and one["row"] <= one["rows"], "another row is drawn")
                check([said_so[name] for name in ("digest", "file", "rows")] == [one[name] for name in ("digest", "file", "rows")], "the import says something else")
                check(all(lines[seq]["source"]["row"] == one["row"] for seq in one["found"]), "a line is of another row")
                shown |= {one["import"], *one["found"]}
                cell += 1
                continue
            entry = lines[one["event"]]
            item = (entry["seq"], entry["effective_at"], said(entry["event"]))
            worth = facts(item[2])[2]
            check(is_of(asked, item) and place(worth)[::2] == (stratum.get("currency", ""), part), f"#{one['event']} is not of the population")
            check(worth is None or units(one["amount"]) == worth[1], f"#{one['event']} has another amount")
            weight = abs(worth[1]) if is_money else 1
            shown.add(one["event"])
            if one["because"] == "whole":
                check(weight * cells >= rest, f"#{one['event']} is below the interval")
                taken, whole = taken + weight, whole + 1
                continue
            before = read(one["before"])
            check(before >= end and weight * cells < rest and one["cells"], f"#{one['event']} is not drawn")
            end = before + weight
            for hit in one["cells"]:
                check(hit == cell and before <= drawn_unit(asked["sha256"], label, hit, cells, rest) < end, f"#{one['event']} is not drawn")
                cell += 1
        check(cell == cells and end <= rest and whole == stratum["whole"] and taken + rest == read(stratum["total"]), f"{label}: the parts do not come to the whole")
        check(cells == 0 and part != "rows" and stratum["items"] == whole or cells + whole == min(asked["wanted"], stratum["items"]), f"{label}: another number is drawn")
    check(free <= shown, "a line is in no table")


def again(tables, entries):
    """The tables as anybody comes to them who has the whole ledger."""
    asked = tables[0]["value"]
    entries = [entry for entry in entries if entry["seq"] <= asked["checkpoint"]]
    check([entry["seq"] for entry in entries] == list(range(1, asked["checkpoint"] + 1)), "the bundle has not all lines up to the checkpoint")
    if tables[0]["type"] == "statement":
        check(balances(asked, entries)[0] == told_balances(tables), "the ledger comes to another statement")
    else:
        drawn = list(draw_rows(asked, entries) if asked["rows"] else draw_items(asked, entries))
        check(drawn == tables[1:], "another sample is drawn")


def read(file):
    """The entries and tables of a bundle, and the three lines of each of its checkpoints. That they are proven is for verify.py to say."""
    records = [json.loads(line) for line in open(file, "rb").read().split(b"\n")[1:-1]]
    entries = [record for record in records if "actor" in record]
    notes = [record["value"]["note"] for record in records if record.get("type") == "checkpoint"]
    return entries, [record for record in records if record.get("type") in KINDS], [note.split("\n\n")[0] + "\n" for note in notes]


def main(file, whole):
    try:
        (entries, tables, mine), (lines, _, theirs) = read(file), read(whole)
        check(tables and mine[-1] in theirs, "it is no sample or statement from a checkpoint of that bundle")
        hold(tables, entries, mine[-1])
        again(tables, lines)
    except (Wrong, ValueError, LookupError, TypeError, AttributeError, OSError) as why:
        sys.exit(f"NOT THE SAME: {why}")
    print(f"THE SAME: {len(tables) - 1} lines of the table follow from the ledger. Hashes and signatures: verify.py.")


if __name__ == "__main__":
    main(*sys.argv[1:])
