"""Prints the HL7 part of hl7-v3.tsv from FHIR R4's v3-codesystems.json."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    bundle = json.load(file)
systems = {entry["resource"].get("url", "").rsplit("/", 1)[-1]: entry["resource"] for entry in bundle["entry"]}


def find(concepts, code):
    for concept in concepts:
        if concept["code"] == code:
            return concept
        inner = find(concept.get("concept", []), code)
        if inner:
            return inner
    return None


def show(table, concepts, parent):
    for concept in concepts:
        code = concept["code"]
        abstract = code.startswith("_")
        if not abstract:
            print(table, code, parent, concept["display"].strip(), sep="\t")
        show(table, concept.get("concept", []), "" if abstract else code)


for table, system, root in [
    ("purpose", "v3-ActReason", "PurposeOfUse"),
    ("sensitivity", "v3-ActCode", "_InformationSensitivityPolicy"),
    ("obligation", "v3-ActCode", "ObligationPolicy"),
    ("refrain", "v3-ActCode", "RefrainPolicy"),
    ("law", "v3-ActCode", "_ActUSPrivacyLaw"),
    ("confidentiality", "v3-Confidentiality", "_Confidentiality"),
]:
    show(table, find(systems[system]["concept"], root).get("concept", []), "")
