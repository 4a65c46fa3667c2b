#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns api/openapi.yaml into a C++ source with two texts: the same document as JSON, and a page to read (no scripts).

    embed_openapi.py openapi.yaml out.cpp

Needs PyYAML (Debian: python3-yaml). Fails on a document without version, paths or operation ids.
"""
import html
import json
import sys

import yaml

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1c2127;background:#fff;max-width:60rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.8rem}h2{margin-top:2.5rem;border-bottom:1px solid #d5dbe1;padding-bottom:.3rem}
section{margin:1rem 0 1.5rem}h3{font-size:1rem;margin:0 0 .3rem}code,pre{font:.875rem/1.45 ui-monospace,monospace}
pre{background:#f4f6f8;padding:.8rem;overflow:auto;border-radius:4px}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #e8ecef}
.method{display:inline-block;min-width:4.2rem;font-weight:700}a{color:#0b57a4}p{margin:.3rem 0}
@media(prefers-color-scheme:dark){body{color:#e3e8ed;background:#15191d}pre{background:#20262c}h2,td,th{border-color:#39424b}a{color:#79b8ff}}
"""


def cell(text):
    return html.escape(" ".join(str(text or "").split()))


def target(document, node):
    while isinstance(node, dict) and "$ref" in node:
        found = document
        for part in node["$ref"].lstrip("#/").split("/"):
            found = found[part]
        node = found
    return node


def name_of(node):
    return node["$ref"].rsplit("/", 1)[1] if isinstance(node, dict) and "$ref" in node else None


def shape(document, schema):
    """A schema in a few words, with a link where it has a name."""
    name = name_of(schema)
    if name:
        return f'<a href="#schema-{name}">{name}</a>'
    if "oneOf" in schema or "anyOf" in schema:
        return " or ".join(shape(document, s) for s in schema.get("oneOf", schema.get("anyOf")))
    kind = schema.get("type", "any value")
    if kind == "array":
        return "list of " + shape(document, schema.get("items", {}))
    words = " or ".join(kind) if isinstance(kind, list) else kind
    if "const" in schema:
        words += f' <code>{html.escape(json.dumps(schema["const"]))}</code>'
    if "enum" in schema:
        words += ": " + ", ".join(f"<code>{html.escape(str(v))}</code>" for v in schema["enum"])
    if "format" in schema:
        words += f' ({html.escape(schema["format"])})'
    return words


def members(document, schema):
    rows = []
    for part in [schema, *(target(document, s) for s in schema.get("allOf", []))]:
        required = set(part.get("required", []))
        for name, value in part.get("properties", {}).items():
            mark = "" if name in required else ", optional"
            note = cell(target(document, value).get("description") if name_of(value) is None else value.get("description"))
            rows.append(f"<tr><td><code>{html.escape(name)}</code></td><td>{shape(document, value)}{mark}</td><td>{note}</td></tr>")
    return "<table>" + "".join(rows) + "</table>" if rows else ""


def operation_html(document, path, method, op):
    out = [f'<section id="{op["operationId"]}"><h3><span class="method">{method.upper()}</span><code>{html.escape(path)}</code></h3>']
    out.append(f'<p><strong>{cell(op.get("summary"))}</strong> {cell(op.get("description"))}</p>')
    rows = []
    for parameter in op.get("parameters", []):
        p = target(document, parameter)
        rows.append(f'<tr><td><code>{html.escape(p["name"])}</code></td><td>{p["in"]}</td><td>{shape(document, p["schema"])}</td><td>{cell(p.get("description"))}</td></tr>')
    if rows:
        out.append("<table>" + "".join(rows) + "</table>")
    if "requestBody" in op:
        body = target(document, op["requestBody"])
        media = next(iter(body["content"].values()))
        out.append(f'<p>Body: {shape(document, media["schema"])}{"" if body.get("required") else ", optional"}</p>')
        if "example" in media:
            out.append(f'<pre>{html.escape(json.dumps(media["example"], indent=2, ensure_ascii=False))}</pre>')
    rows = []
    for status, response in op["responses"].items():
        r = target(document, response)
        kinds = [shape(document, m["schema"]) for m in r.get("content", {}).values() if "schema" in m]
        rows.append(f'<tr><td><code>{status}</code></td><td>{cell(r.get("description"))}</td><td>{", ".join(kinds)}</td></tr>')
    out.append("<table>" + "".join(rows) + "</table></section>")
    return "".join(out)


def page(document):
    out = [f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
           f'<title>{cell(document["info"]["title"])}</title><style>{STYLE}</style></head><body>'
           f'<h1>{cell(document["info"]["title"])} {cell(document["info"]["version"])}</h1>']
    for paragraph in document["info"].get("description", "").split("\n\n"):
        out.append(f"<p>{cell(paragraph)}</p>")
    out.append('<p>The same for machines: <a href="/openapi.json">/openapi.json</a>.</p>')
    for tag in document.get("tags", []):
        out.append(f'<h2>{cell(tag["name"])}</h2><p>{cell(tag.get("description"))}</p>')
        for path, item in document["paths"].items():
            for method, op in item.items():
                if method != "parameters" and tag["name"] in op["tags"]:
                    op = {**op, "parameters": [*item.get("parameters", []), *op.get("parameters", [])]}
                    out.append(operation_html(document, path, method, op))
    out.append("<h2>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        out.append(f'<section id="schema-{name}"><h3>{name}</h3><p>{cell(schema.get("description"))}</p>')
        out.append(members(document, schema) or f"<p>{shape(document, schema)}</p>")
        out.append("</section>")
    out.append("</body></html>")
    return "".join(out)


def check(document):
    assert document["openapi"].startswith("3.1"), "openapi: 3.1.x expected"
    seen = set()
    for path, item in document["paths"].items():
        for method, op in item.items():
            if method == "parameters":
                continue
            assert op["operationId"] not in seen, f"operationId twice: {op['operationId']}"
            seen.add(op["operationId"])
            assert op["tags"] and op["responses"], f"{method} {path}: tags and responses expected"


def literal(text):
    """C++ string literals of at most 4 KiB each: compilers bound the length of one."""
    data = text.encode()
    pieces = []
    for start in range(0, len(data), 4096):
        # Octal escapes of exactly three digits: a following digit cannot be taken into them.
        pieces.append('"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in data[start:start + 4096]) + '"')
    return "\n    ".join(pieces), len(data)


def main():
    source, out = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    check(document)
    document = {name: value for name, value in document.items() if not name.startswith("x-")}  # anchors only
    texts = {"openapi_json": json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str), "docs_html": page(document)}
    with open(out, "w", encoding="ascii") as file:
        file.write('// Made by api/embed_openapi.py from api/openapi.yaml.\n#include "api/embedded.hpp"\n\nnamespace waybill::api {\n')
        for name, text in texts.items():
            pieces, size = literal(text)
            file.write(f"\nstd::string_view {name}() {{\n  static constexpr char text[] =\n    {pieces};\n  return {{text, {size}}};\n}}\n")
        file.write("\n}  // namespace waybill::api\n")


if __name__ == "__main__":
    main()
