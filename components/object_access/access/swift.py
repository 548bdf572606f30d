"""Who can do what on OpenStack Swift: by its own rules, since it has no policies to evaluate.

Sources: those of `components/policies/swift.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..policies import swift
from ..policies.classes import SOME
from ..policies.cors import METHODS, CorsRule
from ..policies.patterns import ANY, ANYTHING, Token, Tokens, fits, literal, members
from .model import (
    NOTHING,
    REFUSED,
    Answer,
    Answers,
    Findings,
    Kind,
    Party,
    Place,
    Verb,
    strongest,
)
from .program import PROJECT_ID, Declared, Program
from .proof import Evidence
from .reading import PROBE

_SLOTS = len(swift.TEMP_URL_KEYS)
_SHORT = 16  # signs; Swift and Keystone take a secret of one
_JUDGED = frozenset({"ApplicationCredential", "Container", "AccountV1"})

# Requests that stand for a verb: a method, and what follows the container in the address.
_OBJECTS = (f"/{PROBE}", f"/a/b/{PROBE}")
_REQUESTS: Mapping[Verb, Sequence[tuple[str, str]]] = {
    Verb.LIST: [("GET", "")],
    Verb.READ: [("GET", each) for each in _OBJECTS],
    Verb.WRITE: [(method, each) for method in ("POST", "PUT") for each in _OBJECTS],
    Verb.DELETE: [("DELETE", each) for each in _OBJECTS],
    # To Swift the address with a slash is the container, too.
    Verb.ADMINISTER: [(method, end) for method in ("DELETE", "POST", "PUT") for end in ("", "/")],
}
Rules = Sequence[tuple[str, str]]
_WORLD = Party(Kind.ANONYMOUS, "anyone without login", {})
_OPERATORS = Party(
    Kind.USER,
    "operators of the OpenStack project",
    {"with": "a role that Swift's operators named, such as member"},
)


def findings(program: Program) -> Findings:
    """Everybody's access to every container that the program makes or names."""
    found = Findings()
    declared: dict[str, list[Declared]] = {kind: [] for kind in _JUDGED}
    for each in program.resources:
        package, module, kind = [*each.type.split(":"), "", ""][:3]
        if package == "openstack" and kind in declared:
            declared[kind].append(each)
        elif package == "openstack" and module.startswith(("identity/", "objectstorage/")):
            found.leave(f"{each.type} {each.name}", each.outputs)
    credentials = [_credential(each.outputs) for each in declared["ApplicationCredential"]]
    found.principals = {who.id: who for who, _ in credentials}
    places = {each.outputs["name"]: _place(each) for each in declared["Container"]}
    for each in declared["Container"]:
        for what in _unjudged(each.outputs):
            found.leave(f"{each.type} {each.name}: {what}")
        for who, answers in _of_container(each.outputs["name"], each.outputs):
            found.add(who, places[each.outputs["name"]], answers)
    for name in (name for _, rules in credentials for name in _containers(rules)):
        places.setdefault(name, Place(f"swift://{name}/", "", {"adopted": True}))
    for place in places.values():
        for who, answers in _of_account(declared["AccountV1"], credentials, place):
            found.add(who, place, answers)
    return found


def _unjudged(container: Mapping[str, Any]) -> Iterator[str]:
    """What a container gives beside its lists."""
    if to := container.get("containerSyncTo"):
        yield f"its objects go to {to}"
    # Swift's StaticWeb shows what is in it as a page ("Static web", Swift's documentation).
    for key, value in (container.get("metadata") or {}).items():
        if key.lower() == "web-listings" and value:
            yield f"web-listings: {value}"


def decide_by(program: Program, evidence: Evidence) -> None:
    """Note what decides about access."""
    acls, rules = {}, {}
    for each in program.resources:
        if each.type.startswith("openstack:") and each.type.endswith(":Container"):
            place = f"swift://{each.outputs['name']}/"
            acls[place] = each.outputs.get("containerRead") or ""
            if rule := _cors(each.outputs.get("metadata") or {}):
                evidence.cors[place] = [rule]
        elif each.type.endswith(":ApplicationCredential"):
            rules[each.outputs["name"]] = _credential(each.outputs)[1]
    evidence.acls, evidence.rules = acls, rules


def _cors(metadata: Mapping[str, str]) -> CorsRule | None:
    """The metadata of a container as a rule: pages may use every method and header."""
    given = {key.title(): value for key, value in metadata.items()}
    origins, _, exposed = (given.get(key, "").split() for key in swift.CORS_KEYS)
    if not origins:
        return None
    return {
        "AllowedOrigins": origins,
        "AllowedMethods": [*METHODS],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": exposed,
        "MaxAgeSeconds": 0,
    }


def gained(before: Evidence, now: Evidence) -> Iterator[tuple[Party, str, str]]:
    """Who may do more, where, and a request that is allowed now and was refused before: pages that
    a container lets read, and addresses that a credential may call."""
    for place, acl in now.acls.items():
        was, has = _hosts(before.acls.get(place, "")), _hosts(acl)
        patterns = frozenset(_host_pattern(each) for each in (*was, *has) if each != "*")
        for host in members(patterns, SOME):
            if _lets_in(has, host) and not _lets_in(was, host):
                yield _WORLD, place, f"reading with 'Referer: https://{host}/'"
                break
    for name, rules in now.rules.items():
        had = before.rules.get(name, [_NOTHING])
        if not had or [*map(tuple, had)] == [*map(tuple, rules)]:
            continue  # somebody who could do everything
        who = Party(Kind.CREDENTIAL, name, {})
        for method in ["GET"] if not rules else sorted({method for method, _ in rules}):
            if path := _called(had, rules, method):
                yield who, "swift://", f"{method} {path}"


_NOTHING = ("", "")  # a rule of which nothing comes


def _hosts(acl: str) -> list[str]:
    return [each.removeprefix(".r:") for each in _elements(acl) if each.startswith(".r:")]


def _host_pattern(element: str) -> Tokens:
    host = element.removeprefix("-")
    return (*ANYTHING, *literal(host)) if host.startswith(".") else literal(host)


def _lets_in(hosts: Sequence[str], host: str) -> bool:
    """Swift's own rule: of the elements that fit, the last one decides (acl.referrer_allowed)."""
    allowed = False
    for each in hosts:
        if each == "*" or fits(_host_pattern(each), host):
            allowed = not each.startswith("-")
    return allowed


def _called(had: Rules, rules: Rules, method: str) -> str:
    """An address that rules let through now and did not before, or nothing."""
    was, has = ([_path(path) for m, path in each if m == method] for each in (had, rules))
    for path in members(frozenset((*was, *has)), (*literal("/"), *ANYTHING)):
        now = not rules or any(fits(each, path) for each in has)
        if now and not any(fits(each, path) for each in was):
            return path
    return ""


def _path(rule: str) -> Tokens:
    """A rule as a pattern, read as `_matches` reads it; of regular expressions the dot alone."""
    found: list[Token] = []
    for part in re.split(r"(\*\*|\*|\{[^}]*\})", rule):
        if part == "**":
            found += ANYTHING
        elif part == "*" or part.startswith("{"):
            found += (Token("/", but=True), Token("/", but=True, many=True))
        else:
            found += (ANY if sign == "." else Token(sign) for sign in part)
    return tuple(found)


def _of_account(
    accounts: Sequence[Declared], credentials: Sequence["_Credential"], place: Place
) -> Iterator[tuple[Party, Answers]]:
    """Those who reach every container of an account, unless they are held to one."""
    for account in accounts:
        if held := _keys(account.outputs):
            held |= {"beware": "it opens every container of the project"}
            who = Party(Kind.TEMP_URL, "key of the account", held)
            yield who, _signed("account's temp-URL key")
    for who, rules in credentials:
        answers = _by_rules(rules, place) if rules else _all("no access rules")
        if strongest(answers):
            yield who, answers


def _place(container: Declared) -> Place:
    outputs = container.outputs
    facts = {
        "declared_as": container.name,
        "region": outputs.get("region", ""),
        "versioned": bool(outputs.get("versioning")),
    }
    return Place(f"swift://{outputs['name']}/", "", facts)


def _of_container(name: str, outputs: Mapping[str, Any]) -> Iterator[tuple[Party, Answers]]:
    yield _OPERATORS, _all("Swift > operator roles")
    people: dict[str, tuple[Party, dict[Verb, Answer]]] = {_WORLD.id: (_WORLD, {**NOTHING})}
    reading = _elements(outputs.get("containerRead", ""))
    for element in reading:
        who = _named(element)
        if who is None:
            continue
        _, answers = people.setdefault(who.id, (who, {**NOTHING}))
        answer = Answer(True, (f"read ACL > {element}",), ("GET", "HEAD"))
        if element.startswith(".r:") and element != swift.EVERYBODY:
            answer = Answer(True, answer.by, answer.actions, only_if=("Referer",))
        if not answers[Verb.READ].allowed or answers[Verb.READ].only_if:
            answers[Verb.READ] = answer
            if not element.startswith(".r:") or swift.LISTINGS in reading:
                answers[Verb.LIST] = answer
    for element in _elements(outputs.get("containerWrite", "")):
        if who := _named(element):
            _, answers = people.setdefault(who.id, (who, {**NOTHING}))
            by = (f"write ACL > {element}",)
            answers[Verb.WRITE] = Answer(True, by, ("POST", "PUT"))
            answers[Verb.DELETE] = Answer(True, by, ("DELETE",))
    yield from people.values()
    if held := _keys(outputs):
        who = Party(Kind.TEMP_URL, f"key of {name}", held)
        yield who, _signed("container's temp-URL key")
    facts = {"with": "a request that somebody with access has signed"}
    origins = outputs.get("metadata", {}).get(swift.CORS_KEYS[0], "").split()
    for origin in origins:
        pages = "any web page" if origin == "*" else f"pages of {origin}"
        yield Party(Kind.PAGE, pages, facts), _all(f"CORS > {swift.CORS_KEYS[0]}")


def _elements(acl: str) -> list[str]:
    """The elements as Swift keeps them: it knows four words for a referrer (acl.clean_acl)."""
    found = [each.strip() for each in acl.split(",") if each.strip()]
    return [re.sub(r"^\.ref(err?er)?\s*:\s*", ".r:", each) for each in found]


def _named(element: str) -> Party | None:
    """Whom an element of an ACL lets in; nobody by itself with `.rlistings`, or with what keeps a
    page's visitors out."""
    if element == swift.LISTINGS or element.startswith(".r:-"):
        return None
    if element.startswith(".r:"):
        return _WORLD
    if element == swift.EVERY_USER:
        return Party(Kind.OUTSIDER, "every user of the OpenStack cloud", {})
    project, colon, user = element.partition(":")
    if not colon:
        return Party(Kind.USER, f"role {element} in the OpenStack project", {})
    whom = "every user" if user == "*" else f"user {user}"
    where = "any project" if project == "*" else f"project {project}"
    return Party(Kind.OUTSIDER, f"{whom} of {where}", {})


def _keys(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """How many temp-URL keys there are; nothing if none."""
    metadata = {key.title(): value for key, value in (outputs.get("metadata") or {}).items()}
    held = sum(bool(metadata.get(slot)) for slot in swift.TEMP_URL_KEYS)
    given = [metadata[slot] for slot in swift.TEMP_URL_KEYS if metadata.get(slot)]
    return {"keys": held, "key_slots": _SLOTS, **_guessable(given)} if held else {}


def _guessable(secrets: Sequence[str]) -> dict[str, int]:
    """How long a secret is that is too short for one; nothing of a longer one."""
    shortest = min(map(len, secrets))
    return {"secret_of": shortest} if shortest < _SHORT else {}


def _signed(by: str) -> Answers:
    """What a temporary URL may be for: objects, neither listings nor the container itself."""
    return {
        Verb.LIST: REFUSED,
        Verb.READ: Answer(True, (by,), ("GET", "HEAD")),
        Verb.WRITE: Answer(True, (by,), ("POST", "PUT")),
        Verb.DELETE: Answer(True, (by,), ("DELETE",)),
        Verb.ADMINISTER: REFUSED,
    }


def _all(by: str) -> Answers:
    return {
        verb: Answer(True, (by,), tuple(sorted({method for method, _ in requests})))
        for verb, requests in _REQUESTS.items()
    }


# --- application credentials ---


_Credential = tuple[Party, list[tuple[str, str]]]  # with its rules: methods and paths


def _credential(outputs: Mapping[str, Any]) -> _Credential:
    given = outputs.get("accessRules") or []
    # A rule for another service keeps from Swift and opens nothing of it.
    rules = [(e["method"], e["path"] if _of_swift(e) else "") for e in given]
    facts: dict[str, Any] = {"expires_at": outputs.get("expiresAt") or "never"}
    facts["roles"] = sorted(outputs.get("roles") or [])
    facts["unrestricted"] = bool(outputs.get("unrestricted"))
    facts["elsewhere"] = sorted(
        f"{e['method']} {e['path']} of {e.get('service')}" for e in given if not _of_swift(e)
    )
    facts |= _guessable([outputs["secret"]]) if outputs.get("secret") else {}
    if any(method == "PUT" for method, _ in rules):
        facts["beware"] = "by copies and links, writing reaches other containers of the project"
    return Party(Kind.CREDENTIAL, outputs["name"], facts), rules


def _of_swift(rule: Mapping[str, str]) -> bool:
    return rule.get("service", "object-store") == "object-store"


def _containers(rules: Sequence[tuple[str, str]]) -> list[str]:
    """The containers that rules name, which need not be of this program."""
    found = (re.match(r"/v1/AUTH_[0-9a-f]+/([A-Za-z0-9_-]+)(?:/|\Z)", path) for _, path in rules)
    return sorted({each[1] for each in found if each})


def _by_rules(rules: Sequence[tuple[str, str]], place: Place) -> Answers:
    """What access rules let through of the requests that stand for each verb."""
    found = [re.match(r"/v1/AUTH_([0-9a-f]+)/", path) for _, path in rules]
    project = next((each[1] for each in found if each), PROJECT_ID)
    address = f"/v1/AUTH_{project}/{place.root.removeprefix('swift://').rstrip('/')}"
    answers = {}
    for verb, requests in _REQUESTS.items():
        passed = {
            method: f"access rule > {method} {path.removeprefix(f'/v1/AUTH_{project}')}"
            for asked, end in requests
            for method, path in rules
            if method == asked and _matches(path, address + end)
        }
        by = tuple(sorted(set(passed.values())))
        answers[verb] = Answer(bool(passed), by, tuple(sorted(passed)))
    return answers


def _matches(pattern: str, path: str) -> bool:
    """Whether a rule covers an address, as keystonemiddleware reads rules: `*` is one segment,
    `**` any number, and everything else is a regular expression, unescaped."""
    parts = re.split(r"(\*\*|\*|\{[^}]*\})", pattern)
    read = {"**": ".*", "*": "[^/]+"}
    regex = "".join(read.get(part, "[^/]+" if part.startswith("{") else part) for part in parts)
    return re.fullmatch(regex, path) is not None
