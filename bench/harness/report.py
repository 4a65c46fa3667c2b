# SPDX-License-Identifier: Apache-2.0
"""Tables on the terminal, JSON in a folder."""
import json
import os
import statistics
import time


def spread(values, digits):
    """`minimum / median / maximum`, or the one value."""
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    texts = [f"{v:,.{digits}f}" for v in (min(known), statistics.median(known), max(known))]
    return texts[0] if len(known) == 1 else " / ".join(texts)


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    lines = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in [head, *rows]]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def save(folder, name, result):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    return path


def machine_line(machine):
    return (f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['os']}, Linux {machine['kernel']}, "
            f"{machine['filesystem']}")
