#!/usr/bin/env python3
"""A second implementation of the fact encoding, written from the documentation of the crate `facts` alone.

    reference.py                 writes encoding.jsonl beside this file (new cases only: old lines never change)
    reference.py CHAIN.jsonl     checks the hashes of a chain file; signatures are not looked at
"""
import hashlib, json, pathlib, struct, sys, uuid


def field(value):
    if isinstance(value, int):
        value = struct.pack(">Q" if value >= 1 << 63 else ">q", value)
    elif isinstance(value, str):
        value = value.encode()
    return struct.pack(">I", len(value)) + value


def canonical(f):
    command, prev = uuid.UUID(f["command"]).bytes, bytes.fromhex(f["prev"])
    fields = [f["chain"], f["seq"], command, f["kind"], f["subject"], f["place"], f["actor"],
              f["effective_ms"], f["recorded_ms"], f["body"], prev]
    return b"qianwan/fact/1\n" + b"".join(map(field, fields))


def digest(suite, data):
    return hashlib.new(suite, data).hexdigest()


def empty(suite, chain):
    return digest(suite, b"qianwan/chain/1\n" + chain.encode())


def check(path):
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    head = lines.pop(0)
    prev = empty(head["suite"], head["chain"])
    facts = [line for line in lines if "checkpoint" not in line]
    for seq, f in enumerate(facts, 1):
        assert (f["chain"], f["seq"], f["prev"]) == (head["chain"], seq, prev), f"fact {seq} does not follow"
        prev = digest(head["suite"], canonical(f))
        assert f["hash"] == prev, f"fact {seq} was altered"
    print(head["chain"], len(facts), "facts", prev)


CASES = [
    dict(chain="330523/main", seq=1, command="018f3a5c-7b1e-7c3d-8a4f-1b2c3d4e5f60", kind="problem.reported@1",
         subject="problem:018f3a5c-7b1e-7c3d-8a4f-000000000001", place=33052310020100, actor="public",
         effective_ms=1767225600000, recorded_ms=1767225612345, body='{"text":"村口垃圾桶满了，三天没有清运","photos":2}'),
    dict(chain="330523/main", seq=2, command="00000000-0000-0000-0000-000000000000", kind="place.named@12",
         subject="place:33052310020100", place=0, actor="import", effective_ms=-1, recorded_ms=-62135596800000, body="{}"),
    dict(chain="330523/main", seq=3, command="ffffffff-ffff-ffff-ffff-ffffffffffff", kind="a.b_c.d@999999999",
         subject="作物:水稻 🌾", place=-9223372036854775808, actor="account:018f3a5c-7b1e-7c3d-8a4f-1b2c3d4e5f60",
         effective_ms=9223372036854775807, recorded_ms=-9223372036854775808,
         body='{ "quote": "\\"\\\\\\u4e2d\\n", "n": [1, -2, 0.5, null, true, {}] }\n'),
    dict(chain="330500/audit", seq=1, command="018f3a5c-7b1e-7c3d-8a4f-1b2c3d4e5f61", kind="particulars.unmasked@1",
         subject="person:7", place=330500000000, actor="system", effective_ms=0, recorded_ms=0, body='{"reason":"回访"}'),
    dict(chain="000001/main", seq=18446744073709551615, command="018f3a5c-7b1e-7c3d-8a4f-1b2c3d4e5f62", kind="x.y@1",
         subject="s" * 200, place=1, actor="p", effective_ms=1, recorded_ms=2, body='\t{"":""}', prev="ab" * 32),
]


def write(path):
    lines, prev = [], {}
    for case in CASES:
        chain = case["chain"]
        body, given = case.pop("body"), case.pop("prev", None)
        case |= dict(body=body, prev=given or prev.get(chain) or empty("sha256", chain))
        data = canonical(case)
        case["hash"] = prev[chain] = digest("sha256", data)
        line = dict(fact=case, canonical=data.hex(), sha256=case["hash"], sm3=digest("sm3", data))
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    check(sys.argv[1]) if len(sys.argv) > 1 else write(pathlib.Path(__file__).with_name("encoding.jsonl"))
