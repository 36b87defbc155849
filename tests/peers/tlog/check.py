"""Checks logs that Asepsis wrote, with aics-tlog and pymerkle.

The folder holds `log.vkey`, and under `logs/` a copy of the log at each size; under `proofs/` a tlog-proof with its entry for
some places, under `grown/` consistency proofs as bodies of `add-checkpoint`. Prints a line `ok ...` for each thing that holds.
"""

import base64
import pathlib
import sys

import aics_tlog as tlog
import pymerkle

folder = pathlib.Path(sys.argv[1])
key = tlog.parse_vkey((folder / "log.vkey").read_text().splitlines()[0])


def signed(text):
    """The checkpoint, whose signature holds."""
    checkpoint, note = tlog.checkpoint.checkpoint_from_note(text)
    result = tlog.verify_checkpoint(note, key, expected_origin=key.name)
    assert result.log_ok, result.error
    return checkpoint


def lines(text):
    head, _, checkpoint = text.partition("\n\n")
    return head.split("\n"), checkpoint


roots = {}
for log in sorted((folder / "logs").iterdir(), key=lambda log: int(log.name)):
    size = int(log.name)
    checkpoint = signed((log / "checkpoint").read_text())
    assert checkpoint.size == size, checkpoint
    reader = tlog.FileSystemTileReader(log)
    if size:
        report = tlog.audit_tiles(reader, size, checkpoint.root)
        assert report.size == size and report.bundles == -(-size // 256), report
    else:
        assert checkpoint.root == tlog.EMPTY_HASH
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for bundle in range(-(-size // 256)):
        width = min(256, size - bundle * 256)
        for entry in tlog.tiles.parse_entry_bundle(reader.read_entry_bundle(bundle, None if width == 256 else width)):
            tree.append_entry(entry)
    assert tree.get_size() == size
    assert tree.get_state() == checkpoint.root, f"pymerkle has another root at {size}"
    roots[size] = checkpoint.root
    print(f"ok log {size}")

for path in sorted((folder / "proofs").glob("*.tlog-proof")):
    head, checkpoint = lines(path.read_text())
    checkpoint = signed(checkpoint)
    assert head[0] == "c2sp.org/tlog-proof@v1"
    index = int(head[1].removeprefix("index "))
    proof = [base64.b64decode(line, validate=True) for line in head[2:]]
    entry = path.with_suffix(".entry").read_bytes()
    assert tlog.verify_leaf_inclusion(entry, index, checkpoint.size, proof, checkpoint.root)
    assert not tlog.verify_leaf_inclusion(entry + b" ", index, checkpoint.size, proof, checkpoint.root)
    print(f"ok proof {path.stem}")

for path in sorted((folder / "grown").iterdir()):
    head, checkpoint = lines(path.read_text())
    checkpoint = signed(checkpoint)
    old = int(head[0].removeprefix("old "))
    proof = [base64.b64decode(line, validate=True) for line in head[1:]]
    assert tlog.verify_consistency(old, checkpoint.size, roots[old], checkpoint.root, proof), path.name
    print(f"ok grown {path.name}")
