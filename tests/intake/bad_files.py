"""Files as they should not be: good ones of several feeds, damaged at random, the same for the same seed."""

import json
import random
from collections.abc import Callable, Iterator

Damage = Callable[[random.Random, bytes], bytes]

FEEDS = {
    "reset": ("Item,externalFacilityId,availableQty,idValue", "051-{n}-G,{f},{q},{p}"),
    "delta": (
        "externalFacilityId,idValue,idType,availableDelta,comments",
        "{f},{p},NETSUITE_PRODUCT_ID,{s},Inventory Adjusted from ItemReceipt # {n} in NetSuite ",
    ),
    "transfer": (
        "externalFacilityId,idValue,idType,availableDelta,comments",
        "{f},{p},NETSUITE_PRODUCT_ID,{s},Inventory Transfer # {n}",
    ),
    "shipment": (
        "external-shipment-id,product-sku,quantity,origin-facility-id,destination-facility-id,item-external-id",
        "INBOUND-{n},SKU-{p},{q},{f},44,1",
    ),
    "facility": ("product-id,facility-id,minimum-stock,allow-brokering", "{p},{f},{q},Y"),
}
"""Header and row of each kind of CSV; {p} is a product, {f} a facility, {q} a quantity, {s} a signed one, {n} any."""


def bad_files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Make damaged files.

    Args:
        count: How many.
        seed: The same seed gives the same files.

    Yields:
        A name that says which kind of file was damaged and how, unlike any other; and the content.
    """
    for number in range(count):
        # Each file has a generator of its own: the n-th can be made again without the others.
        chance = random.Random(f"{seed}/{number}")
        if chance.random() < 0.3:
            kind, ending, content, damages = "fulfilment", "json", good_json(chance), JSON_DAMAGES
        else:
            kind = chance.choice(list(FEEDS))
            ending, content, damages = "csv", good_csv(chance, kind), CSV_DAMAGES
        names = chance.sample(list(damages), chance.choice((1, 1, 1, 2, 3)))
        for name in names:
            content = damages[name](chance, content)
        yield f"{number:05d}-{kind}-{'-'.join(names)}.{ending}", content


def good_csv(chance: random.Random, kind: str) -> bytes:
    """A file of a kind in `FEEDS` with nothing wrong in it."""
    header, row = FEEDS[kind]
    rows = [
        row.format(
            n=chance.randrange(1000, 9999),
            f=chance.choice((43, 44)),
            p=chance.choice((521, 522)),
            q=chance.randrange(500),
            s=chance.randrange(-50, 50),
        )
        for _ in range(chance.randrange(1, 30))
    ]
    return "\n".join([header, *rows, ""]).encode()


def good_json(chance: random.Random) -> bytes:
    """NetSuite's item fulfilments as an array or one a line, with nothing wrong in them."""
    elements = [
        {
            "orderMap": {
                "orderId": str(chance.randrange(10_000, 20_000)),
                "items": [
                    {
                        "orderItemSeqId": f"{item:05d}",
                        "externalFacilityId": chance.choice(("43", "44")),
                        "shippedDate": "7/14/2025 10:32 am",
                        "quantity": chance.choice(("1", 2, 1.5)),
                        "trackingNumber": "1Z999 | 1Z998",
                    }
                    for item in range(1, chance.randrange(2, 5))
                ],
            }
        }
        for _ in range(chance.randrange(1, 12))
    ]
    if chance.random() < 0.5:
        return json.dumps(elements, indent=chance.choice((None, 2))).encode()
    return "\n".join(map(json.dumps, elements)).encode()


def _cut(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _behead(chance: random.Random, content: bytes) -> bytes:
    return content[chance.randrange(len(content) + 1) :]


def _splice(chance: random.Random, content: bytes) -> bytes:
    other = good_csv(chance, chance.choice(list(FEEDS))) if chance.random() < 0.7 else good_json(chance)
    return _cut(chance, content) + _behead(chance, other)


def _noise(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 6)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _insert(*pieces: bytes) -> Damage:
    def damage(chance: random.Random, content: bytes) -> bytes:
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(content) + 1)
            content = content[:at] + chance.choice(pieces) + content[at:]
        return content

    return damage


def _field(*values: str) -> Damage:
    def damage(chance: random.Random, content: bytes) -> bytes:
        lines = content.split(b"\n")
        line = chance.randrange(len(lines))
        fields = lines[line].split(b",")
        fields[chance.randrange(len(fields))] = chance.choice(values).encode()
        lines[line] = b",".join(fields)
        return b"\n".join(lines)

    return damage


def _shift_row(chance: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    line = chance.randrange(len(lines))
    lines[line] = b"," + lines[line] if chance.random() < 0.5 else lines[line].partition(b",")[2]
    return b"\n".join(lines)


def _double_columns(_: random.Random, content: bytes) -> bytes:
    return b"\n".join(line + b"," + line if line else line for line in content.split(b"\n"))


def _repeat_header(chance: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    lines.insert(chance.randrange(len(lines) + 1), lines[0])
    return b"\n".join(lines)


def _encode(*codecs: str) -> Damage:
    def damage(chance: random.Random, content: bytes) -> bytes:
        words = content.decode(errors="replace").replace("G", chance.choice(("ß", "数", "😀", "G")))
        return words.encode(chance.choice(codecs), errors="replace")

    return damage


def _replace(old: bytes, *new: bytes) -> Damage:
    return lambda chance, content: content.replace(old, chance.choice(new))


def _whole(*contents: bytes) -> Damage:
    return lambda chance, _: chance.choice(contents)


def _huge_field(chance: random.Random, content: bytes) -> bytes:
    return _insert(chance.choice((b"9", b"x", b" ", b"'")) * chance.choice((3_000, 140_000, 1_100_000)))(
        chance, content
    )


def _quote_all(chance: random.Random, content: bytes) -> bytes:
    lines = [b",".join(b'"%b"' % field for field in line.split(b",")) for line in content.split(b"\n")]
    return _noise(chance, b"\n".join(lines)) if chance.random() < 0.5 else b"\n".join(lines)


def _deep(chance: random.Random, content: bytes) -> bytes:
    bracket = chance.choice((b"[", b'{"a":', b'[{"a":'))
    return _insert(bracket * chance.choice((5, 32, 33, 1_000, 100_000)))(chance, content)


_ANYWHERE: dict[str, Damage] = {
    "cut": _cut,
    "behead": _behead,
    "splice": _splice,
    "noise": _noise,
    "nul": _insert(b"\0", b"\0" * 50),
    "no-utf8": _insert(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98"),
    "encoding": _encode("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"),
    "huge-field": _huge_field,
    "line-ends": _replace(b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\n", b"", b"\x0b", "\u2028".encode()),
    "other-file": _whole(b"", b" ", b"\n", b"PK\x03\x04xl/", b"\x1f\x8b\x08", b"%PDF-1.7", b"<!DOCTYPE html><html>"),
    "deep": _deep,
}

CSV_DAMAGES: dict[str, Damage] = _ANYWHERE | {
    "quotes": _insert(b'"', b'""', b'"""', b'","', b'"\n"'),
    "all-quoted": _quote_all,
    "shifted-row": _shift_row,
    "doubled-columns": _double_columns,
    "repeated-header": _repeat_header,
    "delimiter": _replace(b",", b";", b"\t", b"|", b", "),
    "number": _field(
        "1.5", "-0", "1e3", "1,000", "1.000,5", '"1,000"', "12 pcs", "NaN", "Infinity", "0x10", "٣", "9" * 40, "1e400"
    ),
    "formula": _field("=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "'=1", "\t=1", "\uff1d1"),
    "blank": _field("", " ", "\u00a0", "NULL", "null", "\\N", "\\.", "-"),
    "sql": _field("'; DROP TABLE product; --", "%s", "%(a)s", "{}", "$1"),
}  # fmt: skip

JSON_DAMAGES: dict[str, Damage] = _ANYWHERE | {
    "duplicate-key": _replace(b'"orderId"', b'"items"', b'"orderId": "1", "orderId"', b'"order\\u0049d": 1, "orderId"'),
    "number": _replace(b'"1"', b"1e400", b"NaN", b"-Infinity", b"01", b"1.", b"+1", b"9" * 5000, b"-0.0", b"1E+2"),
    "no-object": _insert(b"5,", b"null,", b'"x",', b"[],", b"true\n"),
    "escape": _replace(b"1Z999", b"\\ud800", b"\\u0000", b"\\x", b"\\", b"\\ud83d\\ude00", b"\n", b"\t"),
    "comma": _replace(b",", b"", b",,", b";"),
    "comma-behind": _replace(b"}", b"},", b"}\n,"),
    "comma-at-end": lambda _, content: content.removesuffix(b"]") + b",]",
    "more-behind": lambda chance, content: content + chance.choice((b"x", b"]", b"}", content, b"\n" + content, b"\0")),
    "quotes": _replace(b'"', b"'", b"", "\u201c".encode()),
}
"""Ways to damage a file, by the name that goes into its own."""
