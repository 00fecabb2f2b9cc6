"""Proves an export of the evidence chain without any code of Postern: signatures with python3-cryptography, the Merkle
tree as RFC 6962 section 2.1 defines it, from all events. Reads orders as JSON; writes a list with what is wrong, or
null."""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

orders = json.load(sys.stdin)
public_key = load_pem_public_key(orders["publicKey"].encode())


def canonical(event):
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def tree_head(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = tree_head(leaves[:split]) + tree_head(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def check(note, leaves, before):
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    signature = base64.b64decode(signatures.split(" ")[2])[4:]
    try:
        public_key.verify(signature, text.encode())
    except InvalidSignature:
        raise ValueError("the signature does not verify")
    _, size, root, previous = text.splitlines()
    if previous != "prev " + before:
        raise ValueError("it follows another checkpoint")
    if int(size) != len(leaves):
        raise ValueError(f"it has {size} events, the export {len(leaves)}")
    if base64.b64decode(root) != tree_head(leaves):
        raise ValueError("its tree is another")
    return hashlib.sha256(text.encode()).hexdigest()


def problem():
    lines = [json.loads(line) for line in orders["lines"]]
    leaves, before, note = [], "0" * 64, None
    for line in lines[1:] + [{"checkpoint": None}]:
        if "checkpoint" not in line:
            leaves.append(hashlib.sha256(b"\x00" + canonical(line["event"])).digest())
            continue
        if note is not None:
            before = check(note, leaves, before)
        if line["checkpoint"] is not None:
            note = line["checkpoint"]["note"]
    return None if note is not None else "there is no checkpoint"


try:
    answer = problem()
except ValueError as wrong:
    answer = str(wrong)
json.dump([answer], sys.stdout)
