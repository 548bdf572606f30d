"""What the program's consumers are, for people: `object-access consumers`."""

import json
import re
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

from object_access._args import naming

from . import new, projects, settings, shapes
from .consumers import Consumer

_WIDTH = min(100, shutil.get_terminal_size((100, 0)).columns)


def all_(known: Mapping[str, Consumer], shape: str) -> str:
    """All consumers as `table`, `json` or `markdown`."""
    listed = [_summary(each) for each in known.values()]
    if shape == "json":
        return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    if shape == "markdown":
        headings = ("consumer", "what it does", "who gets access", "on")
        rows = [
            (f"`{each['name']}`", _does(each), ", ".join(each["who"]), f"`{each['kind']}`")
            for each in listed
        ]
        return _table(headings, rows)
    parts = [
        [each["name"], *_wrapped(_does(each)), *_wrapped(f"For {', '.join(each['who'])}.")]
        for each in listed
    ]
    last = (
        "'object-access consumers NAME' explains one, 'object-access new' writes a project of it."
    )
    return "\n".join([*("\n".join(part) for part in parts), "", *textwrap.wrap(last, _WIDTH), ""])


def one(consumer: Consumer, shape: str) -> str:
    """Everything about one consumer as `table`, `json` or `markdown`."""
    told = _data(consumer)
    if shape == "json":
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return _markdown(told) if shape == "markdown" else _text(told)


# --- what is told ---


def _summary(consumer: Consumer) -> dict[str, Any]:
    who = [each["who"] for each in _holders(consumer, _example(consumer)).values()]
    return {
        "name": consumer.name,
        "title": consumer.title,
        "does": consumer.does,
        "who": list(dict.fromkeys(who)),
        "kind": consumer.kind,
    }


def _data(consumer: Consumer) -> dict[str, Any]:
    example = _example(consumer)
    _, paste = consumer.fill_in(consumer.example)
    return {
        **_summary(consumer),
        "lines": [
            line
            for line in new.project(consumer.name, {"kind": consumer.name, **consumer.example})
            if not line.lstrip().startswith("#")  # the settings are told below
        ],
        "settings": {
            key: {
                "is": each.is_.value,
                "about": each.about,
                "default": each.default,
                **({"choices": list(each.choices)} if each.choices else {}),
            }
            for key, each in consumer.settings.items()
        },
        "also_takes": sorted(consumer.own),
        "places": example["places"],
        "holders": _holders(consumer, example),
        "cors": _cors(example),
        "form": {"destination": paste.form.destination, "fields": list(paste.form.fields)},
        "next": paste.next,
        "traps": [
            {"what": each.what, **({"source": each.source} if each.source else {})}
            for each in consumer.traps
        ],
        "sources": [{"what": each.what, "read": each.read} for each in consumer.sources],
    }


def _example(consumer: Consumer) -> dict[str, Any]:
    """The generic project that the consumer's example fills in, if it is a good one.

    Raises ValueError, with the file's name, if it is not.
    """
    example = {"kind": consumer.name, **consumer.example}

    class Config:
        def get_object(self, key: str, /) -> Any:
            body = {"namespace": "example-org", "projects": {"example": example}}
            return body if key == "environment" else None

    with naming(f"{consumer.name}.yaml"):
        settings.load(Config(), "consumers")
    filled, _ = consumer.fill_in(consumer.example)
    return filled


def _holders(consumer: Consumer, filled: Mapping[str, Any]) -> dict[str, Any]:
    """Who gets access in a project, and to which places."""
    shape = projects.KINDS[consumer.kind]
    sorts = shapes.tagged(get_args(get_type_hints(shape)["holders"])[1])
    words = {each.TAG: _noun(str(each.__doc__)) for each in sorts}
    return {
        name: {"who": words[each["as"]], "places": each.get("places") or list(filled["places"])}
        for name, each in filled["holders"].items()
    }


def _cors(filled: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its rules; Swift has one of them, for every method."""
    if filled.get("origins"):
        return [{"origins": filled["origins"]}]
    return list(filled.get("cors", ()))


def _noun(sentence: str) -> str:
    """What a sentence is about, without what it goes on to say."""
    told = re.split(r"[,:.]", sentence, maxsplit=1)[0]
    return told[0].lower() + told[1:]


def _does(told: Mapping[str, Any]) -> str:
    return f"{told['title']} {told['does']}."


def _place(place: Mapping[str, Any]) -> str:
    where = place.get("prefix") or ", ".join(place.get("keys", ())) or "the whole of it"
    return f"{where}: {', '.join(place['access'])}"


def _rule(rule: Mapping[str, Any]) -> str:
    methods = ", ".join(rule.get("methods", ["every method"]))
    return f"pages of {', '.join(rule['origins'])}: {methods}"


def _default(setting: Mapping[str, Any]) -> str:
    default = setting["default"]
    if default is None:
        return "must be given"
    return json.dumps(default, ensure_ascii=False) if default != "" else "none"


def _facts(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """What stands below the settings, by headings; headings without a line are left out."""
    facts = {
        "Who gets access, where": [
            f"{name}, {each['who']}: {', '.join(each['places'])}"
            for name, each in told["holders"].items()
        ],
        "Places": [f"{name}, {_place(each)}" for name, each in told["places"].items()],
        "From a browser": [_rule(each) for each in told["cors"]],
        f"Paste into {told['form']['destination']}": list(told["form"]["fields"]),
        "What comes next": [told["next"]] if told["next"] else [],
        "Traps": [
            f"{each['what']} ({each['source']})" if "source" in each else each["what"]
            for each in told["traps"]
        ],
        "Sources": [f"{each['what']}, read {each['read']}" for each in told["sources"]],
    }
    return {heading: lines for heading, lines in facts.items() if lines}


# --- how ---


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text(told: Mapping[str, Any]) -> str:
    lines = [*_wrapped(f"{_does(told)} kind: {told['name']}, on {told['kind']}", ""), ""]
    lines += ["Below `projects:` of an environment's file, the example that is rehearsed:", ""]
    lines += [f"      {line}" for line in told["lines"]]
    lines += ["", "Settings"]
    for key, setting in told["settings"].items():
        lines.append(f"  {key}  ({setting['is']}; default: {_default(setting)})")
        lines += _wrapped(setting["about"], "    ")
        if "choices" in setting:
            lines += _wrapped(f"One of {', '.join(setting['choices'])}.", "    ")
    lines += _wrapped(f"also {', '.join(told['also_takes'])}: see docs/settings.md")
    for heading, facts in _facts(told).items():
        lines += ["", heading]
        lines += [line for fact in facts for line in _wrapped(fact)]
    return "\n".join(lines) + "\n"


def _markdown(told: Mapping[str, Any]) -> str:
    rows = [
        (f"`{key}`", setting["about"], _default(setting), setting["is"])
        for key, setting in told["settings"].items()
    ]
    parts = [
        f"## {told['title']}",
        f"{_does(told)} `kind: {told['name']}`, on `{told['kind']}`.",
        "\n".join(["```yaml", *told["lines"], "```"]),
        _table(("setting", "meaning", "default", "is"), rows).rstrip(),
        f"Also takes {', '.join(f'`{key}`' for key in told['also_takes'])}.",
    ]
    for heading, facts in _facts(told).items():
        parts += [f"### {heading}", "\n".join(f"- {' '.join(fact.split())}" for fact in facts)]
    return "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"
