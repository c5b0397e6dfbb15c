"""What the environment says about a run of ./test."""

import os


def in_ci():
    """Whether this is CI, where nothing may be skipped. Systems set CI to "true" or "1"; who sets it to nothing, "0" or "false" says no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
