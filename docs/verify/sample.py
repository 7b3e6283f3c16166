#!/usr/bin/env python3
"""Draws the sample of a bundle anew, and sums its statement up again, with the standard library alone.

    sample.py FILE BUNDLE        FILE is a sample or a statement, BUNDLE all of the ledger: dealbook bundle all

Hashes, proofs and signatures are verify.py's part; it asks this file for the tables.
"""
import hashlib
import json
import re
import sys

KINDS = ("sample", "stratum", "item", "row", "statement", "balance")
SETTLED = {prefix + suffix for prefix in ("SELLER_REV_SHARE", "SELLER_TAX_SHARE", "OTHER_SELLER_TAX_SHARE") for suffix in ("", "_REFUND")}
SETTLED.add("SELLER_REV_SHARE_CREDIT")
MOVES = {"invoice.issued": "invoiced", "invoice.adjusted": "credited", "invoice.forgiven": "credited", "invoice.collected": "collected"}
MONEY = (*MOVES, "disbursement.allocated", "disbursement.paid", "disbursement.failed", "balance.adjusted", "billing.unclassified")


METHOD = "dealbook.cells/v1"
HOW = (
    "Monetary unit sampling by cell selection. Items stand in the order of the ledger, each with its absolute amount in units of 0.00000001; "
    "what is zero, has no amount or is a row of a file counts one unit each. An item at or above total/wanted is taken whole, and again of what is left, until none is. "
    "Of n cells left, cell i holds the units from floor(i*rest/n) up to floor((i+1)*rest/n); one unit is drawn of each, and the item that holds it is selected. "
    "The seed is SHA-256 of `dealbook sample v1`, the checkpoint's three lines and the seed text, each line with its newline; a draw of width w is the first 16 bytes "
    "of SHA-256 of `dealbook draw v1`, seed, stratum, cell and attempt, each with its newline, as a number below the largest multiple of w, modulo w."
)
NOT_COVERED = {
    "items": "Drawn from what is recorded: it does not test for omitted items.",
    "rows": "Drawn from the files that were imported: it does not test for files that never came.",
    "statement": "The opening balances, and that no line is missing, are the keeper's word here; the whole ledger shows both.",
}
MOST = 10_000
PARTS = ("above", "below", "zero", "unvalued", "rows")
# The fields of each line of a table: those that it has, and those that it may have.
FIELDS = {
    "sample": ({"checkpoint", "how", "method", "not_covered", "rows", "seed", "sha256", "wanted"}, {"currency", "from", "party", "side", "types", "until"}),
    "stratum": ({"cells", "items", "part", "rest", "total", "whole"}, {"currency"}),
    "item": ({"because", "event"}, {"amount", "before", "cells"}),
    "row": ({"before", "cell", "digest", "file", "found", "import", "row", "rows"}, set()),
    "statement": ({"checkpoint", "from", "not_covered", "party", "until"}, set()),
    "balance": ({"closing", "collected", "credited", "currency", "invoiced", "opening", "recipient"}, set()),
}
NUMBERS = ("checkpoint", "wanted", "cells", "items", "whole", "event", "before", "cell", "import", "row", "rows")


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
    """The balances of a statement; the positions of lines that may stand in it, of those that do, and of those that are left out."""
    items, others = standing(entries), {entry["seq"] for entry in entries if shared(entry)}
    party, called, names = asked["party"], set(), {}
    for seq, _, event in items:
        value = event["value"]
        if event["type"] == "party.registered" and value.get("aws_account") == party and seq not in others:
            called.add((value["recipient"], value["account"]))
            names[seq] = value["recipient"]
    is_party = lambda value: value["counterparty"] == party or (value["recipient"], value["counterparty"]) in called
    whose = {}
    for _, _, event in items:
        value = event["value"]
        if event["type"] in MONEY and "invoice" in value and "counterparty" in value:
            whose.setdefault((value["recipient"], value["invoice"]), []).append(is_party(value))
    sums, rows, left_out, begins, ends = {}, {}, set(), moment(asked["from"]), moment(asked["until"])
    for seq, at, event in items:
        value, move = event["value"], MOVES.get(event["type"])
        if not move or value["transaction_type"] not in SETTLED or value.get("wholesale") or "invoice" not in value:
            continue
        if move != "collected" and value.get("balance_impacting") is False:
            continue
        invoice, says_whose = (value["recipient"], value["invoice"]), "counterparty" in value
        named = [is_party(value)] if says_whose else whose.get(invoice, [])
        if not any(named):
            continue
        if not all(named) or seq in others:
            left_out.add(seq)
            continue
        rows[seq] = (invoice, begins <= moment(at) < ends, says_whose)
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
    invoices = {invoice for invoice, inside, _ in rows.values() if inside}
    lines = {seq for seq, (invoice, inside, says_whose) in rows.items() if inside or says_whose and invoice in invoices}
    lines |= {seq for seq, recipient in names.items() if recipient in {recipient for recipient, _ in invoices}}
    return sums, set(names) | set(rows), lines, left_out


def told_balances(tables):
    told = {}
    for record in tables[1:]:
        value, names = record["value"], ("opening", "invoiced", "credited", "collected", "closing")
        told[value["recipient"], value["currency"]] = {name: amount_of(value[name]) for name in names}
        # As many places as the currency has, or as few as it takes.
        places = min(len(value[name].partition(".")[2]) for name in names)
        check(places <= 4, "an amount in another form")
        check(all(value[name] == shortest(units(value[name]), places) for name in names), "an amount in another form")
    check(list(told) == sorted(told) and len(told) == len(tables) - 1, "balances stand by recipient and currency, each once")
    return told


def shortest(count, places):
    whole, _, fraction = written(count, True).partition(".")
    fraction = fraction.ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def amount_of(text):
    check(re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]{1,8})?", text, re.ASCII) and not re.fullmatch(r"-[0.]+", text), f"an amount: {text}")
    return units(text)


def number_of(text, is_money):
    """Units as a table writes them, in no other form."""
    count = amount_of(text) if is_money else int(text)
    check(count >= 0 and written(count, is_money) == text, f"a number of units: {text}")
    return count


def of(table):
    """What a bundle with such a table is of, in words."""
    asked = table["value"]
    if table["type"] == "statement":
        return f"a statement for {asked['party']} from {asked['from']} on, before {asked['until']}"
    types = ", ".join(asked.get("types", []))
    said = f"rows of {types or 'all feeds'}" if asked["rows"] else types or "all events"
    for name, text in (("party", " of {}"), ("side", ", {}"), ("currency", ", in {}"), ("from", ", effective from {} on"), ("until", ", before {}")):
        if name in asked:
            said += text.format(asked[name].lower() if name == "side" else asked[name])
    return f"a sample of {said}"


def hold_form(header, tables):
    """Whether the lines of the tables have their fields and no others, and the header says what they are of."""
    check(header["kind"] == tables[0]["type"] and header["of"] == of(tables[0]), f"it says that it is of `{header['of']}`, and its table is of `{of(tables[0])}`")
    behind = {"sample": ("stratum", "item", "row"), "statement": ("balance",)}[tables[0]["type"]]
    check(all(record["type"] in behind for record in tables[1:]), "a table stands in the wrong place")
    for record in tables:
        has, may = FIELDS[record["type"]]
        value = record["value"]
        check(record.keys() == {"type", "value"} and has <= value.keys() <= has | may, "a line of a table with other fields")
        for name in NUMBERS:
            is_count = name in value and not (record["type"] == "item" and name in ("before", "cells")) and not (record["type"] == "sample" and name == "rows")
            check(not is_count or type(value[name]) is int and 0 <= value[name] < 2**64, f"a whole number: {name}")
        check(value.get("cells") != [] and value.get("types") != [], "what is empty is left out")


def chain(origin, target, lines):
    """Whether a file that one import read is that of another one, which it replaces, perhaps through others; each but the last is here."""
    passed = set()
    while origin != target:
        event = lines[origin]["event"] if origin in lines else {"type": None}
        passed.add(origin)
        if event["type"] != "source.imported" or event["value"].get("rewritten") or event["value"].get("replaces", origin) >= origin:
            return None
        origin = event["value"]["replaces"]
    return passed


def hold(header, tables, entries, checkpoint):
    """Whether the tables agree with themselves, with the lines in the file and with its checkpoint (its three lines)."""
    hold_form(header, tables)
    asked = tables[0]["value"]
    check(asked["checkpoint"] == int(checkpoint.split("\n")[1]), "it is of another checkpoint")
    lines = {entry["seq"]: entry for entry in entries}
    free = {entry["seq"] for entry in entries if entry["seq"] > 1 and entry["event"]["type"] != "key.rotated"}
    check(asked["not_covered"] == NOT_COVERED["statement" if tables[0]["type"] == "statement" else "rows" if asked["rows"] else "items"], "it says that it covers something else")
    if tables[0]["type"] == "statement":
        check(moment(asked["from"]) < moment(asked["until"]), "it ends before it begins")
        told = told_balances(tables)
        sums, known, *_ = balances(asked, entries, {place: of["opening"] for place, of in told.items()})
        check(sums == told and free <= known, "the lines do not come to the balances")
        return
    check(asked["method"] == METHOD and asked["how"] == HOW, "it is drawn by a method that is not known")
    check(re.fullmatch(r"[!-~]([ -~]*[!-~])?", asked["seed"]), "a seed is printable ASCII, with no blank at its ends")
    check(asked["sha256"] == seed_of(checkpoint, asked["seed"]), "the seed is not that of checkpoint and text")
    check(1 <= asked["wanted"] <= MOST and type(asked["rows"]) is bool, "nobody asks for so many")
    strata = []
    for record in tables[1:]:
        if record["type"] == "stratum":
            strata.append((record["value"], []))
        else:
            check(strata and (record["type"] == "row") == asked["rows"], "a line of a table stands in the wrong place")
            strata[-1][1].append(record["value"])
    places = [(stratum.get("currency", ""), PARTS.index(stratum["part"])) for stratum, _ in strata]
    check(all(one < other for one, other in zip(places, places[1:])), "a stratum stands in the wrong place")
    check(all((part == PARTS.index("rows")) == asked["rows"] for _, part in places), "a stratum stands in the wrong place")
    shown = set()
    for stratum, picked in strata:
        hold_rows(asked, stratum, picked, lines, shown) if asked["rows"] else hold_items(asked, stratum, picked, lines, shown)
    check(free <= shown, "a line is in no table")


def hold_rows(asked, stratum, picked, lines, shown):
    total, cells = stratum["items"], stratum["cells"]
    check("currency" not in stratum and stratum["total"] == stratum["rest"] == str(total) and stratum["whole"] == 0, "the rows do not come to the whole")
    check(cells == len(picked) == min(asked["wanted"], total), "a row is drawn of each cell")
    last = None
    for cell, one in enumerate(picked):
        unit = drawn_unit(asked["sha256"], "- rows", cell, cells, total)
        check(one["cell"] == cell and one["before"] + one["row"] - 1 == unit and 1 <= one["row"] <= one["rows"], "another row is drawn")
        same = last and (last["import"], last["before"]) == (one["import"], one["before"])
        follows = not last or same or last["import"] < one["import"] and last["before"] + last["rows"] <= one["before"]
        check(follows and one["before"] + one["rows"] <= total, "a file overlaps with another")
        last, said_so = one, lines[one["import"]]["event"]
        value = said_so["value"]
        check(said_so["type"] == "source.imported" and all(value[name] == one[name] for name in ("digest", "file", "rows")), "the import says something else")
        check(value["feed"] in asked.get("types", [value["feed"]]) and asked.get("party") in (None, value["recipient"]), "the import says something else")
        shown |= {one["import"], *one["found"]}
        check(all(seq < other for seq, other in zip(one["found"], one["found"][1:])), "lines of a row stand by position, each once")
        for seq in one["found"]:
            source = lines[seq]["source"] or {}
            passed = chain(one["import"], source.get("import"), lines)
            check(source.get("row") == one["row"] and passed is not None, f"#{seq} is not of that row")
            shown |= passed


def hold_items(asked, stratum, picked, lines, shown):
    part, cells = stratum["part"], stratum["cells"]
    label, is_money = f"{stratum.get('currency', '-')} {part}", part in ("above", "below")
    rest, total = number_of(stratum["rest"], is_money), number_of(stratum["total"], is_money)
    cell, end, taken, whole, last = 0, 0, 0, 0, 0
    for one in picked:
        check(last < one["event"] <= asked["checkpoint"], f"#{one['event']} stands in the wrong place")
        last, entry = one["event"], lines[one["event"]]
        event = said(entry["event"])
        check(event, f"#{last} counts nothing")
        worth = facts(event)[2]
        check(is_of(asked, (last, entry["effective_at"], event)) and place(worth)[::2] == (stratum.get("currency", ""), part), f"#{last} is not of the population")
        check((amount_of(one["amount"]) == worth[1] and one["amount"] == amount_text(event)) if worth else "amount" not in one, f"#{last} has another amount")
        weight = abs(worth[1]) if is_money else 1
        shown.add(last)
        if one["because"] == "whole":
            check(weight * cells >= rest and "before" not in one and "cells" not in one, f"#{last} is below the interval")
            taken, whole = taken + weight, whole + 1
            continue
        before = number_of(one["before"], is_money)
        check(one["because"] == "drawn" and before >= end and weight * cells < rest and one["cells"], f"#{last} is not drawn")
        end = before + weight
        for hit in one["cells"]:
            check(hit == cell < cells and before <= drawn_unit(asked["sha256"], label, hit, cells, rest) < end, f"#{last} is not drawn")
            cell += 1
    check(cell == cells and end <= rest and whole == stratum["whole"] and taken + rest == total, f"{label}: the parts do not come to the whole")
    check((cells > 0) == (rest > 0) and (is_money or total == stratum["items"]), f"{label}: the parts do not come to the whole")
    check(len(picked) <= stratum["items"], f"{label}: more than there are")
    check(cells + whole == asked["wanted"] if cells else stratum["items"] == whole <= asked["wanted"], f"{label}: another number is drawn")


def amount_text(event):
    names = ("amount", "value", "estimated_revenue", "total", "counted")
    return next(event["value"][name] for name in names if isinstance(event["value"].get(name), str))


def again(header, tables, sources, mine, entries):
    """The tables as anybody comes to them who has the whole ledger."""
    asked = tables[0]["value"]
    entries = [entry for entry in entries if entry["seq"] <= asked["checkpoint"]]
    check([entry["seq"] for entry in entries] == list(range(1, asked["checkpoint"] + 1)), "the bundle has not all lines up to the checkpoint")
    for file in sources:
        event = entries[file["seq"] - 1]["event"]
        same = event["type"] == "source.imported" and all(event["value"][name] == file[name] for name in ("digest", "file"))
        check(same, f"#{file['seq']} says something else of its file")
    if tables[0]["type"] == "statement":
        sums, _, lines, left_out = balances(asked, entries)
        check(sums == told_balances(tables), "the ledger comes to another statement")
        free = {entry["seq"] for entry in mine if entry["seq"] > 1 and entry["event"]["type"] != "key.rotated"}
        check(free == lines and header.get("left_out", []) == sorted(left_out), "the ledger has other lines of that statement")
    else:
        drawn = list(draw_rows(asked, entries) if asked["rows"] else draw_items(asked, entries))
        check(drawn == tables[1:], "another sample is drawn")


def read(file):
    """A bundle: its header, entries, tables and sources, and the three lines of each checkpoint. That they are proven is for verify.py to say."""
    records = [json.loads(line) for line in open(file, "rb").read().split(b"\n")[:-1]]
    entries = [record for record in records if "actor" in record]
    of_type = lambda *types: [record for record in records if record.get("type") in types]
    notes = [record["value"]["note"].split("\n\n")[0] + "\n" for record in of_type("checkpoint")]
    return records[0], entries, of_type(*KINDS), [record["value"] for record in of_type("source")], notes


def compare(file, whole):
    """Draws the sample of a file anew from a bundle of all of the ledger; gives its tables."""
    (header, entries, tables, sources, mine), (_, lines, _, _, theirs) = read(file), read(whole)
    check(tables and mine[-1] in theirs, "it is no sample or statement from a checkpoint of that bundle")
    hold(header, tables, entries, mine[-1])
    again(header, tables, sources, entries, lines)
    return tables


def main(file, whole):
    try:
        tables = compare(file, whole)
    except (Wrong, ValueError, LookupError, TypeError, AttributeError, OSError) as why:
        sys.exit(f"NOT THE SAME: {why}")
    print(f"THE SAME: {len(tables) - 1} lines of the table follow from the ledger. Hashes and signatures: verify.py.")


if __name__ == "__main__":
    main(*sys.argv[1:])
