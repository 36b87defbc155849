"""Drives the gateway with the real `openai` and `anthropic` SDKs.

Every case is put twice, through the gateway and to a vendor directly, and what the SDK hands to its user must be the same.
The vendor is the stand-in, whose answers follow by rule from what it was sent; so a difference is one that the gateway
made. What the vendor behind the gateway saw is checked by the caller, `crates/asepsis/tests/sdk.rs`.

Environment: GATEWAY and DIRECT (addresses, `http://host:port`), KEY (of a user of the gateway).
Prints a line a case; exits with 1 where one fails.
"""

import concurrent.futures
import json
import os
import sys
import traceback

import anthropic
import openai

import anthropic_cases
import openai_cases
from common import FRAGMENTS, Side, notes
from own_cases import own_cases


def same_cases():
    texts = notes()
    families = [
        (
            "openai",
            "standin",
            [
                openai_cases.openai_plain,
                openai_cases.openai_prompts,
                openai_cases.openai_parts,
                openai_cases.openai_turns,
            ],
            [openai_cases.openai_stream, openai_cases.openai_helper, openai_cases.openai_async],
            openai_cases.openai_tool,
        ),
        (
            "anthropic",
            "standin-messages",
            [
                anthropic_cases.anthropic_plain,
                anthropic_cases.anthropic_prompts,
                anthropic_cases.anthropic_parts,
                anthropic_cases.anthropic_turns,
            ],
            [anthropic_cases.anthropic_stream, anthropic_cases.anthropic_helper, anthropic_cases.anthropic_async],
            anthropic_cases.anthropic_tool,
        ),
    ]
    for sdk, stem, plain, streamed, tool in families:
        for note, text in texts.items():
            for ask in plain:
                # Half a document is none, and so is one behind other words.
                if not (note.endswith(".json") and ask.__name__.endswith(("_parts", "_prompts"))):
                    yield f"{ask.__name__} {note}", ask, (f"{stem}-echo", text)
            for size in FRAGMENTS:
                for ask in streamed:
                    yield f"{ask.__name__} {note} f{size}", ask, (f"{stem}-echo-f{size}", text)
            # In a note that is a document of JSON an identifier is what its string means. An answer that is a document
            # too gets it escaped again; one that quotes lines of it in other text does not, and rightly differs.
            if note.endswith(".json"):
                continue
            # An answer in the vendor's own words, and one that holds a placeholder that nobody issued.
            yield f"{sdk}_summary {note}", plain[0], (stem, text)
            yield f"{sdk}_alien {note}", streamed[0], (f"{stem}-echo-alien-f2", text)
            yield f"{tool.__name__} {note}", tool, (f"{stem}-echo", text, False)
            for size in FRAGMENTS:
                yield f"{tool.__name__}_streamed {note} f{size}", tool, (f"{stem}-echo-f{size}", text, True)


def check_same(gateway, direct, ask, arguments):
    unprotected = ask(direct, *arguments)
    # A vendor that said nothing would make any two answers the same.
    assert len(json.dumps(unprotected)) > 60, f"the vendor said too little: {unprotected}"
    unprotected, restored = as_read(unprotected), as_read(ask(gateway, *arguments))
    assert restored == unprotected, first_difference(unprotected, restored)


def as_read(value):
    """An answer that is a document of JSON as its reader reads it: how a letter is escaped there makes no difference."""
    if isinstance(value, dict):
        return {name: as_read(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_read(inner) for inner in value]
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def first_difference(unprotected, restored):
    for name, want in unprotected.items():
        want, got = json.dumps(want, ensure_ascii=False), json.dumps(restored.get(name), ensure_ascii=False)
        if want != got:
            at = len(os.path.commonprefix([want, got]))
            start = max(0, at - 60)
            return f"{name} at character {at}:\nwithout the gateway: {want[start:at + 80]}\nthrough the gateway: {got[start:at + 80]}"
    return f"{restored.keys()} in place of {unprotected.keys()}"


def main():
    url, key = os.environ["GATEWAY"], os.environ["KEY"]
    gateway, direct = Side(url, key), Side(os.environ["DIRECT"], "unused")
    cases = [
        (name, lambda ask=ask, arguments=arguments: check_same(gateway, direct, ask, arguments))
        for name, ask, arguments in same_cases()
    ] + own_cases(gateway, key)
    failed = 0
    # At the same time, so that one exchange's surrogates would show up in another's answer if they could.
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        running = [(name, pool.submit(case)) for name, case in cases]
        for name, result in running:
            try:
                result.result()
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}")
            else:
                print(f"ok     {name}")
    print(
        f"openai {openai.__version__}, anthropic {anthropic.__version__}: {len(cases) - failed} cases hold, {failed} do not"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
