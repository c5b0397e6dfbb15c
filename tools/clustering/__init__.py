"""./run --cluster: MongoDB, Redis and three nodes on one machine."""

NODES = 3
MEMBERS = 3  # of the MongoDB replica set: one may die


class Refused(Exception):
    """Why there will be no cluster; the text is one line for the operator."""
