"""Drives `asepsis presidio` with the code that its clients run: LiteLLM's Presidio hook, and Presidio's own anonymizer.

Environment: ASEPSIS (the address, `http://host:port`), TOKEN (what the listener asks for, or nothing).
Prints a line a case; exits with 1 where one fails.
"""

import asyncio
import os
import sys
import traceback

import anonymizer_cases
import litellm_cases


def main():
    url, token = os.environ["ASEPSIS"], os.environ.get("TOKEN", "")
    cases = anonymizer_cases.cases(url, token) + litellm_cases.cases(url, token)
    failed = 0
    for name, case in cases:
        try:
            result = case()
            if asyncio.iscoroutine(result):
                asyncio.run(result)
        except Exception:
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc(limit=-3)}")
        else:
            print(f"ok     {name}")
    print(f"{len(cases) - failed} cases hold, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
