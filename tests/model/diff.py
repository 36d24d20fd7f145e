"""Lists what is new between two versions of the service model and of the endpoint rules of STS.

    python diff.py OLD_DIR NEW_DIR

Both folders are as `../fetch-vectors.py DIR --botocore VERSION` writes them. Prints one line for each difference, with the
paths of what differs, and exits with 1 if there is one. Texts for people are not compared.
"""

import argparse
import difflib
import json
import sys
from pathlib import Path

# Not facts of a definition: prose, and what gets paths of its own.
NOT_FACTS = {
    "documentation", "errors", "input", "key", "member", "members", "name", "output", "required", "shape", "value",
}
# The parts of lists and maps, and how a path shows them.
PARTS = {"member": "[]", "key": "{key}", "value": "{value}"}
KINDS = ["service", "operation", "error", "error of an operation", "parameter", "reply member", "error member"]
# The keys of a model that `described` reads. All other keys are compared as JSON.
DESCRIBED = {"metadata", "operations", "shapes"}
# Of a value of the endpoint rules; whole rules are long.
MAX_VALUE = 160


def facts(*definitions):
    return {name: value for definition in definitions for name, value in definition.items() if name not in NOT_FACTS}


def members(shapes, kind, path, shape_name, above=()):
    """Yields kind, path and facts of each member below a shape; the shapes `above` it may contain themselves."""
    shape = shapes[shape_name]
    above += (shape_name,)
    required = {name: {"required": True} for name in shape.get("required", [])}
    inner = [(f"{path}.{name}", member, required.get(name, {})) for name, member in shape.get("members", {}).items()]
    inner += [(path + part, shape[name], {}) for name, part in PARTS.items() if name in shape]
    for inner_path, reference, is_required in inner:
        name = reference["shape"]
        yield kind, inner_path, {**facts(shapes[name], reference), **is_required}
        if name not in above:
            yield from members(shapes, kind, inner_path, name, above)


def described(model):
    """Returns the facts of a model by kind and path."""
    shapes = model["shapes"]
    found = {("service", "STS"): {name: value for name, value in model["metadata"].items() if name != "documentation"}}
    errors = {name for name, shape in shapes.items() if shape.get("exception") or "error" in shape}
    for name, operation in model["operations"].items():
        found["operation", name] = facts(operation)
        if operation.get("name", name) != name:
            found["operation", name]["name"] = operation["name"]
        for kind, key in (("parameter", "input"), ("reply member", "output")):
            if key in operation:
                top = operation[key]
                top_facts = facts(shapes[top["shape"]], top)
                found["operation", name].update({f"{key}.{fact}": value for fact, value in top_facts.items()})
                for inner_kind, path, said in members(shapes, kind, name, top["shape"]):
                    found[inner_kind, path] = said
        for error in operation.get("errors", []):
            found["error of an operation", f"{name}: {code(shapes, error['shape'])}"] = facts(error)
            errors.add(error["shape"])
    for name in sorted(errors):
        own = {fact: value for fact, value in facts(shapes[name]).items() if fact != "error"}
        found["error", code(shapes, name)] = {**own, **shapes[name].get("error", {})}
        for inner_kind, path, said in members(shapes, "error member", code(shapes, name), name):
            found[inner_kind, path] = said
    return dict(sorted(found.items(), key=lambda item: KINDS.index(item[0][0])))


def code(shapes, name):
    return shapes[name].get("error", {}).get("code", name)


def shown(value):
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def differ(old, new):
    """Compares as JSON does: `1`, `1.0` and `true` are three values."""
    return json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True)


def model_differences(old, new):
    old_rest, new_rest = ({key: model[key] for key in model if key not in DESCRIBED} for model in (old, new))
    yield from tree_differences(old_rest, new_rest, "model")
    old, new = described(old), described(new)
    for word, some, others in (("new", new, old), ("gone", old, new)):
        for (kind, path), said in some.items():
            if (kind, path) not in others:
                listed = ", ".join(name if value is True else f"{name} {shown(value)}" for name, value in said.items())
                yield f"{word} {kind}: {path}" + (f" ({listed})" if listed else "")
    # Many members have the same shape: one line tells its change for all of them.
    changes = {}
    for key in old:
        if key in new:
            for name in [*new[key], *(name for name in old[key] if name not in new[key])]:
                # Two values can have the same text: 50 and "50".
                if name not in old[key] or name not in new[key] or differ(old[key][name], new[key][name]):
                    before, after = (shown(said[key][name]) if name in said[key] else "absent" for said in (old, new))
                    if before == after:
                        before, after = (json.dumps(said[key].get(name)) for said in (old, new))
                    changes.setdefault((key[0], name, before, after), []).append(key[1])
    for (kind, name, before, after), paths in changes.items():
        yield f"changed {kind}: {name} of {', '.join(paths)}: {before} -> {after}"


def tree_differences(old, new, path):
    """Differences of two JSON documents."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            if key == "documentation":
                continue
            inner = f"{path}.{key}"
            if key not in old:
                yield f"new {inner}: {cut(new[key])}"
            elif key not in new:
                yield f"gone {inner}: {cut(old[key])}"
            else:
                yield from tree_differences(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list):
        texts = [[json.dumps(item, sort_keys=True) for item in items] for items in (old, new)]
        for kind, a, b, c, d in difflib.SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            both = min(b - a, d - c)
            for i in range(both):
                yield from tree_differences(old[a + i], new[c + i], f"{path}{index(new, c + i)}")
            for i in range(c + both, d):
                yield f"new {path}{index(new, i)}: {cut(new[i])}"
            for i in range(a + both, b):
                yield f"gone {path}{index(old, i)}: {cut(old[i])}"
    elif differ(old, new):
        yield f"changed {path}: {cut(old)} -> {cut(new)}"


def index(items, i):
    item = items[i]
    return f"[{item['id'] if isinstance(item, dict) and 'id' in item else i}]"


def cut(value):
    text = shown(value)
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + " ..."


def differences(old, new):
    """Differences of two folders, one line each."""
    names = {file.relative_to(folder).as_posix() for folder in (old, new) for file in folder.glob("*/*.json")}
    for name in sorted(names, key=lambda name: (not name.startswith("model/"), name)):
        files = [folder / name for folder in (old, new)]
        if not all(file.exists() for file in files):
            yield f"{'new' if files[1].exists() else 'gone'} file: {name}"
            continue
        before, after = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        if name.startswith("model/"):
            yield from model_differences(before, after)
        else:
            yield from tree_differences(before, after, name)


def main():
    parser = argparse.ArgumentParser(description="List what is new between two versions of the model of STS.")
    parser.add_argument("old", metavar="OLD_DIR", type=Path)
    parser.add_argument("new", metavar="NEW_DIR", type=Path)
    options = parser.parse_args()
    lines = list(differences(options.old, options.new))
    for line in lines:
        print(line)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
