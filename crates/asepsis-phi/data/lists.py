#!/usr/bin/env python3
"""Make the compact word lists of this folder from the full public ones.

    lists.py LISTS CARRIERS

LISTS is a folder with us-first-names-2020.tsv, us-surnames-2020.tsv, english-words-scowl.tsv and places-geonames.tsv;
CARRIERS is a JSON-lines file of clinical text ({"text"} a line) from which the words of the trade are counted.
Each list is written next to this script, one lower-case entry a line, the most frequent first.
"""
import collections
import json
import pathlib
import re
import sys

LISTS, CARRIERS = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
OUT = pathlib.Path(__file__).parent
WORD = re.compile(r"[a-z]{2,}(?![a-z])")


def rows(name):
    for line in (LISTS / name).read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


def top(name, count):
    ranked = sorted(((int(r[1]), r[0].lower()) for r in rows(name) if r[0].isalpha() and len(r[0]) > 1), reverse=True)
    return [word for _, word in ranked[:count]]


def write(name, source, words):
    head = f"# {source}; made by lists.py\n"
    (OUT / name).write_text(head + "\n".join(words) + "\n", encoding="utf-8")


first = top("us-first-names-2020.tsv", 3000)
last = top("us-surnames-2020.tsv", 10000)
write("first-names.txt", "US Census 2020, public domain", first)
write("surnames.txt", "US Census 2020, public domain", last)

counts = collections.Counter()
for line in CARRIERS.read_text(encoding="utf-8").splitlines():
    counts.update(re.findall(r"(?<![A-Za-z'-])[a-z]{2,}(?![A-Za-z'])", json.loads(line)["text"]))
names = set(first[:1500])
tiers = {r[0]: int(r[1]) for r in rows("english-words-scowl.tsv") if r[0].isalpha() and r[0].isascii()}
common = {w for w, t in tiers.items() if t <= 35 and len(w) > 1 and (t <= 20 or counts[w])}
trade = {w for w, c in counts.items() if c >= 2 and (w in tiers or w not in names) and len(w) > 2}
ranked = sorted(common | trade, key=lambda w: (-counts[w], tiers.get(w, 99), w))
write("common-words.txt", "SCOWL (see scowl-notice.txt) and PubMedQA/MTS-Dialog counts", ranked[:26000])

towns = collections.Counter()
for name, country, _, population in rows("places-geonames.tsv"):
    if int(population) >= (50_000 if country == "US" else 300_000):
        towns[name.lower()] += int(population)
write("towns.txt", "GeoNames, CC BY 4.0", [t for t, _ in towns.most_common(3000)])
