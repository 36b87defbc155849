#!/usr/bin/env python3
"""Makes confusables.tsv and digits.txt.   confusables.py TABLES.rs

TABLES.rs is `src/tables.rs` of the crate unicode-security, which holds confusables.txt of Unicode Technical Standard 39."""

import re
import sys
import unicodedata

# Scripts whose letters are drawn like Latin ones; in others a likeness is chance, and folding would harm their text.
SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "LATIN", "GOTHIC", "DESERET", "OSAGE", "ROMAN")
# Look-alikes that the standard does not list, because they differ to a careful eye: only folded in a word with Latin letters.
LOOSE = {
    "в": "b", "к": "k", "м": "m", "н": "h", "п": "n", "т": "t", "и": "u", "г": "r", "ё": "e", "ї": "i", "З": "3", "з": "3",
    "Б": "b", "И": "N", "Я": "R", "Ё": "E", "Ї": "I", "П": "N",
    "β": "b", "ε": "e", "η": "n", "κ": "k", "μ": "u", "τ": "t", "χ": "x", "ω": "w", "Σ": "E", "Λ": "A",
    "ᴀ": "a", "ʙ": "b", "ᴅ": "d", "ᴇ": "e", "ɢ": "g", "ʜ": "h", "ᴊ": "j", "ᴋ": "k", "ʟ": "l", "ᴍ": "m", "ɴ": "n",
    "ᴘ": "p", "ʀ": "r", "ꜱ": "s", "ᴛ": "t", "ʏ": "y", "ɪ": "i",
}


def main():
    table = open(sys.argv[1], encoding="utf-8").read().split("mod confusable_detection", 1)[1].split("];", 1)[0]
    version = re.search(r"UNICODE_VERSION: \(u64, u64, u64\) = \((\d+), (\d+), (\d+)\)", open(sys.argv[1]).read()).groups()
    code = r"'\\u\{([0-9a-f]+)\}'"
    rows = {}
    for source, target in re.findall(r"\(" + code + r",\s*&\[((?:" + code + r",?\s*)+)\]\)", table, re.S) and [
        (m[0], m[1]) for m in re.findall(r"\(" + code + r",\s*&\[([^\]]+)\]\)", table, re.S)
    ]:
        to = [chr(int(h, 16)) for h in re.findall(code, target)]
        c = chr(int(source, 16))
        name = unicodedata.name(c, "")
        if len(to) != 1 or not (to[0].isascii() and to[0].isalpha()) or ord(c) < 0x180:
            continue
        if not unicodedata.category(c).startswith(("L", "Nl")) or not name.startswith(SCRIPTS):
            continue
        if unicodedata.normalize("NFKC", c) != c and unicodedata.normalize("NFKC", c).isascii():
            continue
        plain = to[0]
        if unicodedata.category(c) == "Lu":
            # The standard takes capital I, small l and the bar for one letter.
            plain = "I" if plain == "l" else plain.upper()
        rows[c] = (plain, "=")
    for c, plain in LOOSE.items():
        rows.setdefault(c, (plain, "~"))
    with open("confusables.tsv", "w", encoding="utf-8") as out:
        out.write(
            "# Letters that look like Latin ones: code point, Latin letter, = where Unicode lists the pair and ~ where it is only\n"
            f"# taken in a word with Latin letters. Source: Unicode {'.'.join(version)}, confusables.txt (UTS 39), by way of crates.io\n"
            "# unicode-security 0.1.3; Unicode License V3; rows with ~ own, Apache-2.0. Made by confusables.py, 2026-11-25.\n"
        )
        for c, (plain, sure) in sorted(rows.items()):
            out.write(f"{ord(c):x}\t{plain}\t{sure}\n")
    zeros = [c for c in map(chr, range(0x80, 0x110000)) if unicodedata.category(c) == "Nd" and unicodedata.digit(c) == 0]
    with open("digits.txt", "w", encoding="utf-8") as out:
        out.write(
            "# The zeros of the decimal digits of every script (Unicode general category Nd), by code point; nine digits follow each.\n"
            f"# Source: Unicode Character Database {unicodedata.unidata_version}; Unicode License V3. Made by confusables.py, 2026-11-25.\n"
        )
        out.writelines(f"{ord(c):x}\n" for c in zeros)
    print(len(rows), len(zeros))


main()
