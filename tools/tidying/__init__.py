"""The checks of tools/tidy. Each module has a NAME ("word: sentence") and check(tree) -> list of problems."""

from tools.tidying import formatting, headers, layers, lengths, locks, portable, room_map, words

CHECKS = (layers, lengths, words, locks, portable, room_map, formatting, headers)
