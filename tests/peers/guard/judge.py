"""What peers say of texts: JSON lines of {"text"} come in, one line of {"flags": [...], "seconds": [...]} goes out.

Each flag is a number of bits, one a peer, in the order of the arguments: canary (little-canary's structural filter, which is what
works without a model; its limit of 4,000 characters is lifted, or it flags whatever is longer) and scanner (ai-injection-guard
at the threshold that it has by default).
Seconds are CPU time a peer, over all texts.
"""

import json
import logging
import sys
import time

logging.disable(logging.CRITICAL)


def canary():
    from little_canary import StructuralFilter

    there = StructuralFilter(max_input_length=10**9)
    return lambda text: there.check(text).blocked


def scanner():
    from prompt_shield import InjectionRiskError, PromptScanner

    there = PromptScanner()

    def judge(text):
        try:
            there.check(text)
        except InjectionRiskError:
            return True
        return False

    return judge


def main():
    texts = [json.loads(line)["text"] for line in sys.stdin]
    flags = [0] * len(texts)
    seconds = []
    for bit, name in enumerate(sys.argv[1:]):
        judge = {"canary": canary, "scanner": scanner}[name]()
        began = time.process_time()
        for at, text in enumerate(texts):
            flags[at] |= int(bool(judge(text))) << bit
        seconds.append(time.process_time() - began)
    json.dump({"flags": flags, "seconds": seconds}, sys.stdout)


main()
