"""Checks logs that Asepsis wrote, with aics-tlog, pymerkle and OpenSSL.

The folder holds `log.vkey`, and under `logs/` a copy of the log at each size; under `proofs/` a tlog-proof with its entry for
some places, under `grown/` consistency proofs as bodies of `add-checkpoint`. Prints a line `ok ...` for each thing that holds.
"""

import base64
import hashlib
import pathlib
import sys

import aics_tlog as tlog
import pymerkle
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

folder = pathlib.Path(sys.argv[1])
key, post_quantum = (folder / "log.vkey").read_text().splitlines()
key = tlog.parse_vkey(key)


def check_ml_dsa(checkpoint, note, vkey):
    """The ML-DSA-44 signature (type 6) of C2SP tlog-cosignature, by OpenSSL. aics-tlog does not know it."""
    name, key_id, encoded = vkey.split("+", 2)
    tagged = base64.b64decode(encoded, validate=True)
    assert tagged[0] == 6
    assert hashlib.sha256(name.encode() + b"\n" + tagged).digest()[:4].hex() == key_id
    (line,) = [s for s in note.signatures if s.name == name and s.key_id.hex() == key_id]
    time, signature = line.signature[:8], line.signature[8:]
    message = b"subtree/v1\n\0" + bytes([len(name.encode())]) + name.encode() + time
    message += bytes([len(checkpoint.origin.encode())]) + checkpoint.origin.encode()
    message += (0).to_bytes(8, "big") + checkpoint.size.to_bytes(8, "big") + checkpoint.root
    MLDSA44PublicKey.from_public_bytes(tagged[1:]).verify(signature, message)


def signed(text):
    """The checkpoint, whose signatures hold."""
    checkpoint, note = tlog.checkpoint.checkpoint_from_note(text)
    result = tlog.verify_checkpoint(note, key, expected_origin=key.name)
    assert result.log_ok, result.error
    check_ml_dsa(checkpoint, note, post_quantum)
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
