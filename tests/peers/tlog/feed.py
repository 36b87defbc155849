"""Submits checkpoints to a witness with the client of aics-witness: growth, replay, a fork and a rollback.

Arguments: the witness's address, its Ed25519 key, and folders of one log: old, grown, and one that went on differently.
Prints a line `ok ...` for each thing that is as C2SP tlog-witness has it.
"""

import pathlib
import sys

import aics_tlog as tlog
from aics_witness.feeder import WitnessAhead, WitnessClient, WitnessRejected

url, vkey = sys.argv[1:3]
old, grown, fork = map(pathlib.Path, sys.argv[3:])


def submit(folder, **options):
    reader = tlog.FileSystemTileReader(folder)
    proof = lambda first, last: tlog.consistency_proof_from_tiles(reader, first, last)
    # A client without memory each time, as after a restart.
    with WitnessClient(url, vkey, max_attempts=1) as client:
        return client.submit((folder / "checkpoint").read_text(), proof, **options)


def refused(folder, kind, status=None):
    try:
        submit(folder)
    except kind as error:
        assert status is None or error.status == status, error
        return
    raise AssertionError(f"{folder} was cosigned")


assert submit(old).startswith("\u2014 ")
print("ok cosigned")
# The client is answered 409 with the size, and goes on from there.
assert submit(grown).count("\n") == 1, "the client keeps the line of the key that it knows"
print("ok grown")
refused(fork, WitnessRejected, 422)
print("ok fork")
refused(old, WitnessAhead)
print("ok rollback")
assert submit(grown)
print("ok again")
