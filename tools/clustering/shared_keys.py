"""The secrets that all nodes need alike: the first node makes them, the others get copies before they start."""

import os
import shutil

from tools.clustering import Refused

# src/adapters/crypto/key_ring.hpp (the push key is in the ring) and src/app/operator_token.hpp.
NAMES = ("master.key", "keys", "operator_token")


def check(folders):
    """Raises Refused when copies would overwrite one secret with another, or the first node would make a second one."""
    first, *others = folders
    for name in NAMES:
        for other in others:
            if not (other / name).exists():
                continue
            if not (first / name).exists():
                raise Refused(f"{first / name} is missing, but there is {other / name}; all nodes need the same: copy it back")
            if (first / name).read_bytes() != (other / name).read_bytes():
                raise Refused(f"{other / name} differs from {first / name}; all nodes need the same: copy the right one over the other")


def share(folders):
    """Copies what the others lack. Nothing that exists is overwritten."""
    check(folders)
    first, *others = folders
    for other in others:
        other.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in NAMES:
            if (first / name).exists() and not (other / name).exists():
                _copy(first / name, other / name)


def _copy(source, target):
    """A crash leaves no half of a secret."""
    temporary = target.with_name(target.name + ".copy")
    temporary.unlink(missing_ok=True)
    with open(source, "rb") as read, open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as write:
        shutil.copyfileobj(read, write)
        os.fchmod(write.fileno(), os.fstat(read.fileno()).st_mode & 0o777)
        write.flush()
        os.fsync(write.fileno())
    temporary.replace(target)
