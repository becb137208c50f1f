"""Reads core's header and its manual pages, for tests/manuals.bats.

    declarations HEADER          each declaration, in one form, a line each
    synopses PAGE...             those of the pages' synopses, in the same form
    functions HEADER             the names of the functions
    named PAGE...                the functions that the pages speak of, and the pages that they refer to
    examples DIRECTORY PAGE...   writes the pages' example programs, and beside each what it prints

A display in EXAMPLES is a program; one that follows "It prints:" is what the program before it prints.
"""
import os
import re
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def declarations(text):
    """Each declaration at the top level: its words, with one blank between them."""
    words, depth = [], 0
    for word in re.findall(r"\w+|\.\.\.|\"[^\"]*\"|\S", text):
        depth += {"{": 1, "}": -1}.get(word, 0)
        words.append(word)
        if word == ";" and depth == 0:
            yield " ".join(words)
            words = []


def of_header(path):
    lines = [line for line in re.sub(r"//[^\n]*", "", read(path)).split("\n") if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace('extern "C" {', "")
    # The rows' enumerators are made by the preprocessor; the manual has them as a list.
    return [one for one in declarations(text) if "GRAFT_OPTIONS (" not in one]


def functions(path):
    for one in of_header(path):
        found = re.match(r"[^{(]*?(\w+) \(", one)
        if found:
            yield found.group(1)


def section(page, name):
    found = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh )", read(page), re.M | re.S)
    return found.group(1) if found else ""


def plain(line):
    return line.replace("\\&", "").replace("\\e", "\\")


def of_synopsis(page):
    text, arguments, literal = "", [], False
    for line in section(page, "SYNOPSIS").split("\n"):
        macro, _, rest = line.partition(" ")
        if macro in (".Bd", ".Ed"):
            literal = macro == ".Bd"
        elif literal:
            text += plain(line) + "\n"
        elif macro in (".Ft", ".Fo"):
            text += rest + " "
        elif macro == ".Fa":
            arguments.append(rest.strip('"'))
        elif macro == ".Fc":
            text += "(" + ", ".join(arguments) + ");\n"
            arguments = []
    return declarations(text)


def named(page):
    return re.findall(r"\b(?:Fn|Fo|Xr) (graft_\w+)", read(page))


def displays(page):
    """What kind each display of EXAMPLES is, and its lines."""
    kind, lines, before = None, [], ""
    for line in section(page, "EXAMPLES").split("\n"):
        if line.startswith(".Bd"):
            kind, lines = "out" if before == "It prints:" else "c", []
        elif line.startswith(".Ed"):
            yield kind, "\n".join(lines) + "\n"
            kind = None
        elif kind:
            lines.append(plain(line))
        before = line


def write_examples(directory, page):
    number = 0
    for kind, text in displays(page):
        number += kind == "c"
        name = f"{os.path.basename(page)}.{number}"
        with open(os.path.join(directory, f"{name}.{kind}"), "w", encoding="utf-8") as file:
            file.write(text)


def main(command, *paths):
    if command == "examples":
        for page in paths[1:]:
            write_examples(paths[0], page)
        return
    ask = {"declarations": of_header, "synopses": of_synopsis, "functions": functions, "named": named}[command]
    for path in paths:
        for line in ask(path):
            print(line)


main(*sys.argv[1:])
