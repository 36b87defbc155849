"""Makes `common.bin` from the list of common passwords of zxcvbn (MIT): python3 make.py frequency_lists.py

`frequency_lists.py` lies in the package zxcvbn 4.5.0 of PyPI. Each entry of its list `passwords`, in lower case, becomes the
first five bytes of its SHA-256; the entries are sorted and stand one behind the other.
"""

import hashlib
import runpy
import sys

lists = runpy.run_path(sys.argv[1])["FREQUENCY_LISTS"]
digests = {hashlib.sha256(word.lower().encode()).digest()[:5] for word in lists["passwords"]}
with open("common.bin", "wb") as out:
    out.write(b"".join(sorted(digests)))
print(len(digests), "entries")
