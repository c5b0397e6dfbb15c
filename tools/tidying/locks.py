"""npm packages come as locked, from the public registry only."""

import json
import re

NAME = "locks: npm dependencies are locked and come from the public registry"

_PUBLIC = "https://registry.npmjs.org/"


def check(tree):
    problems = []
    for file in tree.files:
        folder, _, name = file.rpartition("/")
        if name == "package.json":
            package = json.loads(tree.text(file))
            needs = [kind for kind in ("dependencies", "devDependencies", "optionalDependencies") if package.get(kind)]
            lock = f"{folder}/package-lock.json" if folder else "package-lock.json"
            if needs and lock not in tree.files:
                problems.append(f"{file}: has {needs[0]} but no package-lock.json")
        elif name == "package-lock.json":
            for address in re.findall(r'"resolved":\s*"(http[^"]*)"', tree.text(file)):
                if not address.startswith(_PUBLIC):
                    problems.append(f"{file}: resolved from elsewhere than the public registry: {address}")
                    break
    return problems
