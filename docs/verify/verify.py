#!/usr/bin/env python3
"""Verifies a checkpoint, a proof or a bundle of a Dealbook ledger, sharing no code with it.

    pip install cryptography blake3 rfc8785
    verify.py FILE KEY...        KEY is NAME+ID+KEY: the ledger's must have signed every checkpoint, a witness's one
    verify.py FILE --against BUNDLE KEY...       a sample or statement, drawn anew from all of the ledger

Of a time stamp it says only whether it is of its checkpoint; whose it is and when, openssl ts -verify says (docs/formats/bundle.md).
"""
import base64
import hashlib
import json
import sys

import rfc8785
import sample
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


# The parts of a bundle, in their order.
PARTS = {"checkpoint": 0, "time_stamp": 0, "consistency": 1, "inclusion": 2, "source": 3, "file": 4, "report": 5, "answer": 5, "table": 6, "end": 7}
PIECE = 3 << 17


class Wrong(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Wrong(why)


def b64(text, length=None):
    data = base64.b64decode(text, validate=True)
    check(base64.b64encode(data).decode() == text and length in (None, len(data)), f"base64: {text}")
    return data


def canonical(line):
    """A line as RFC 8785 writes it, and in no other form."""
    value = json.loads(line)
    check(rfc8785.dumps(value) == line, "a line in another form")
    return value


def decimal(text):
    check(text.isascii() and text.isdigit() and str(int(text)) == text, f"a whole number: {text}")
    return int(text)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(line):
    return sha(b"\0", line)


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root_of(leaves[:half]), root_of(leaves[half:]))


def inclusion(node, index, size, path, root):
    """RFC 9162, 2.1.3.2"""
    check(index < size, "the index lies outside of the tree")
    last = size - 1
    for sibling in path:
        check(last > 0, "the proof is too long")
        if index & 1 or index == last:
            node = sha(b"\1", sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\1", node, sibling)
        index, last = index >> 1, last >> 1
    check(last == 0 and node == root, "the proof does not lead to the root")


def consistency(old, old_root, size, root, path):
    """RFC 9162, 2.1.4.2"""
    check(0 < old < size and path, "nothing is proven about these sizes")
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        check(last > 0, "the proof is too long")
        if at & 1 or at == last:
            before, after = sha(b"\1", sibling, before), sha(b"\1", sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = sha(b"\1", after, sibling)
        at, last = at >> 1, last >> 1
    check(last == 0 and before == old_root and after == root, "the checkpoint does not continue the one before")


def read_key(text):
    name, key_id, coded = text.split("+", 2)
    data = b64(coded, 33)
    check(sha(name.encode(), b"\n", data)[:4].hex() == key_id and data[0] in (1, 4), f"a key: {text}")
    return name, bytes.fromhex(key_id), data[0], Ed25519PublicKey.from_public_bytes(data[1:])


def note(text):
    """Origin, size and root of a note."""
    body, lines = text.split("\n\n")
    origin, size, root = body.split("\n")
    check(lines.endswith("\n"), "the last signature has no end")
    return origin, decimal(size), b64(root, 32)


def signers(text, keys):
    """The keys that signed a note, by name and id; one whose signature does not hold is an error."""
    body, lines = text.split("\n\n")
    body, signed = body + "\n", set()
    for line in lines[:-1].split("\n"):
        dash, name, coded = line.split(" ")
        check(dash == "\u2014", f"a signature: {line}")
        data = b64(coded)
        for known, key_id, kind, key in keys:
            if (known, key_id) != (name, data[:4]):
                continue
            message, signature = body, data[4:]
            if kind == 4:
                message, signature = f"cosignature/v1\ntime {int.from_bytes(data[4:12], 'big')}\n{body}", data[12:]
            held(key, signature, message, name)
            signed.add((name, key_id))
    return signed


def held(key, signature, message, name):
    try:
        key.verify(signature, message.encode())
    except InvalidSignature:
        raise Wrong(f"the signature of {name} does not hold") from None


def replaced(origin, rotations):
    """The keys of a ledger by the size from which on they sign; none when it never replaced one. Each replacement is signed by both keys."""
    since = []
    for seq, value in rotations:
        keys = read_key(value["previous"]), read_key(value["key"])
        check(all(key[0] == origin and key[2] == 1 for key in keys), f"event #{seq} names keys of another ledger")
        check(not since or since[-1][1][:3] == keys[0][:3], f"event #{seq} replaces a key that did not sign")
        for key, signature in zip(keys, (value["previous_signature"], value["key_signature"])):
            held(key[3], b64(signature, 64), f"dealbook key.rotated v1\n{value['previous']}\n{value['key']}\n", f"#{seq}")
        since += [(seq, keys[1])] if since else [(0, keys[0]), (seq, keys[1])]
    return since


def hold_signatures(notes, keys, since):
    """Each note is signed by the key of its ledger, and each witness signed one. An older note proves nothing about who signed a newer one."""
    check(keys, "not signed by anybody: no key was given")
    logs, by, newest = [key for key in keys if key[2] == 1], set(), (0, set())
    for key in logs:
        check(not since or key[:2] in [known[:2] for _, known in since], f"not signed by {key[0]}")
    for text in notes:
        size = note(text)[1]
        own = [[key for seq, key in since if seq <= size][-1]] if since else logs
        signed = signers(text, keys + own)
        check(signed & {key[:2] for key in own} or not own, f"the checkpoint of #{size} is not signed by {', '.join(key[0] for key in own)}")
        by |= signed
        newest = size, signed | newest[1] if size == newest[0] else signed
    # Where no key of the ledger is known, what is newest is known by its witnesses.
    by = by if logs else newest[1]
    missing = [name for name, key_id, kind, _ in keys if not (since and kind == 1) and (name, key_id) not in by]
    check(not missing, f"not signed by {', '.join(missing)}")


def proof(text):
    head, checkpoint = text.split("\n\n", 1)
    _, extra, index, *path = head.split("\n")
    check(extra.startswith("extra ") and index.startswith("index "), "extra and index are wanted")
    origin, size, root = note(checkpoint)
    line, index = b64(extra[6:]), decimal(index[6:])
    inclusion(leaf(line), index, size, [b64(text, 32) for text in path], root)
    check(canonical(line)["seq"] == index + 1, "the line is of another place")
    return f"event #{index + 1} is in {origin} as of #{size}", [checkpoint], []


def report(receipt, rows, heads):
    """A report agrees with its receipt, and was asked of the line that is here, if it is."""
    from blake3 import blake3

    said = {key: receipt[key] for key in receipt if key != "id"}
    check(receipt["id"] == "r:" + blake3(rfc8785.dumps(said)).hexdigest()[:16], "a receipt is not called after what it says")
    data = blake3(rfc8785.dumps(rows)).hexdigest()
    check((data, len(rows)) == (receipt["data"], receipt["totals"]["rows"]), "the rows of a report are not those of its receipt")
    check(heads.get(receipt["size"], receipt["head"]) == receipt["head"], "a report was asked of another history")


def bundle(data):
    from blake3 import blake3

    check(data.endswith(b"\n"), "the last line has no end")
    lines = data[:-1].split(b"\n")
    header = canonical(lines[0])
    check(header["bundle"] == "dealbook.bundle/v1", "a format that is not known")
    texts, notes, steps, events, open_run, kind, tables, rotations = [], [], [], [], None, None, [], []
    optional = {"kind", "left_out", "reports"}
    check(header.keys() - optional == {"bundle", "events", "of", "origin"} and header.get("left_out") != [], "a header with other fields")
    part, named, needed, digests, files, reports, stamps = 0, [], set(), set(), {}, [], []
    for at, line in enumerate(lines[1:], 1):
        record = canonical(line)
        now = 2 if "actor" in record else PARTS["table" if record["type"] in sample.KINDS else record["type"]]
        check(part <= now, "it stands in the wrong place")
        part = now
        if "actor" in record:
            needed.add((record["source"] or {}).get("import"))
            if open_run:
                check(record["seq"] == open_run["seq"] + 1, f"event #{open_run['seq']} is not proven")
                check(record["prev"] == blake3(events[-1][1]).hexdigest(), f"event #{open_run['seq']} does not match its hash")
            check(not events or record["seq"] > events[-1][0], "an event is out of place")
            check(record["seq"] > 1 or record["event"]["value"]["origin"] == header["origin"], "event #1 begins another ledger")
            events.append((record["seq"], line))
            if record["event"]["type"] == "key.rotated":
                rotations.append((record["seq"], record["event"]["value"]))
            open_run = record
            if record["event"]["type"] == "source.imported":
                digests.add(record["event"]["value"]["digest"])
            continue
        kind, value = record["type"], record["value"]
        if kind == "checkpoint":
            origin, size, root = note(value["note"])
            texts.append(value["note"])
            check(origin == header["origin"], "a checkpoint of another ledger")
            if notes and notes[-1][0] != size:
                check(notes[-1][0] < size, "checkpoints are out of order")
                steps.append((notes[-1], (size, root)))
            check(not notes or notes[-1][0] != size or notes[-1][1] == root, "two histories of one size")
            notes.append((size, root))
            newest = value["note"].split("\n\n")[0] + "\n"
        elif kind == "time_stamp":
            stamp = (len(notes), b64(value["b64"]))
            check(notes and stamp not in stamps and sha(newest.encode()) in stamp[1], "a time stamp of something else")
            stamps.append(stamp)
        elif kind == "consistency":
            old, new = steps.pop(0)
            check((old[0], new[0]) == (value["from"], value["to"]), "another step is wanted")
            consistency(*old, *new, [b64(text, 32) for text in value["path"]])
        elif kind == "inclusion":
            check(open_run and open_run["seq"] == value["seq"], "the line before it is another one")
            seq, text = events[-1]
            inclusion(leaf(text), seq - 1, *notes[-1][:1], [b64(text, 32) for text in value["path"]], notes[-1][1])
            open_run = None
        elif kind == "end":
            check(at == len(lines) - 1 == value["lines"], "it ends elsewhere")
            check(blake3(b"".join(text + b"\n" for text in lines[:-1])).hexdigest() == value["b3"], "something was changed")
        elif kind in sample.KINDS:
            tables.append(record)
        elif kind == "file":
            file = files.setdefault(value["digest"], [])
            check(value["digest"] in digests and list(files)[-1] == value["digest"] and sorted(files) == list(files), "a file is out of place")
            check(sum(map(len, file)) == value["at"] and (not file or value["at"] < value["bytes"]), "a piece of a file is missing")
            file.append(b64(value["b64"], min(PIECE, value["bytes"] - value["at"])))
        elif kind == "report":
            reports.append((value["receipt"], []))
        elif kind == "answer":
            reports[-1][1].append(value)
        elif kind == "source":
            check(value.keys() == {"digest", "file", "seq"} and (not named or named[-1] < value["seq"]), "files stand by position, each once")
            named.append(value["seq"])
            digests.add(value["digest"])
        else:
            raise Wrong(f"a line that is not known: {kind}")
    check(kind == "end" and not steps and not open_run and len(events) == header["events"], "something is missing")
    check(set(named) == needed - {None} - {seq for seq, _ in events}, "the files that lines come from are named, and no others")
    if [seq for seq, _ in events] == list(range(1, notes[-1][0] + 1)):
        leaves = [leaf(line) for _, line in events]
        check(all(root_of(leaves[:size]) == root for size, root in notes), "the events do not come to the root of a checkpoint")
    for digest, file in files.items():
        check(blake3(b"".join(file)).hexdigest() == digest, f"a file is another one than b3:{digest[:8]}")
    check([receipt["size"] for receipt, _ in reports] == header.get("reports", []), "a report is missing")
    heads = {seq: blake3(line).hexdigest() for seq, line in events}
    for receipt, rows in reports:
        check(receipt["size"] <= notes[-1][0], "a report knows more than is signed")
        report(receipt, rows, heads)
    check((tables[0]["type"] if tables else None) == header.get("kind"), "its table is missing")
    if tables:
        sample.hold(header, tables, [json.loads(line) for _, line in events], newest)
    shown = f"{header['of']}: {len(events)} events are in {header['origin']} as of #{notes[-1][0]}"
    shown += f"; source files: {len(digests)} named, {len(files)} here and equal" if files else ""
    shown += f"; reports as their receipts say: {len(reports)}" if reports else ""
    shown += f"; time stamps of these checkpoints, by whom and when not looked at: {len(stamps)}" if stamps else ""
    return shown, texts, replaced(header["origin"], rotations)


def main(file, *keys):
    try:
        against = keys[1] if keys[:1] == ("--against",) else None
        keys = keys[2:] if against else keys
        data = open(file, "rb").read()
        keys = [read_key(key) for key in keys]
        if data.startswith(b'{"bundle":'):
            shown, notes, since = bundle(data)
        elif data.startswith(b"c2sp.org/tlog-proof@v1\n"):
            shown, notes, since = proof(data.decode())
        else:
            notes, since = [data.decode()], []
            origin, size, _ = note(notes[0])
            shown = f"{origin} is signed up to #{size}"
        hold_signatures(notes, keys, since)
        if against:
            _, others, known = bundle(open(against, "rb").read())
            hold_signatures(others, keys, known)
            sample.compare(file, against)
            shown += ", and follow from the whole ledger"
    except (Wrong, sample.Wrong, ValueError, LookupError, TypeError, AttributeError, OSError) as why:
        sys.exit(f"NOT VERIFIED: {why}")
    print(f"VERIFIED: {shown}. Not covered: whether it is so, and whether it is all.")


if __name__ == "__main__":
    main(*sys.argv[1:])
