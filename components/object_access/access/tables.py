"""The report as a table for the terminal and as Markdown."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import risks
from .model import Answers, Kind, Party, Place, Verb, strongest
from .report import AccessReport

_STYLES = {
    Verb.LIST: "cyan",
    Verb.READ: "blue",
    Verb.WRITE: "yellow",
    Verb.DELETE: "magenta",
    Verb.ADMINISTER: "bold red",
}

HEADINGS = {
    Kind.ANONYMOUS: "The world",
    Kind.OUTSIDER: "Outsiders",
    Kind.PAGE: "Pages in a browser",
    Kind.TEMP_URL: "Holders of temp-URL keys",
    Kind.KEYS: "Holders of a store's keys",
    Kind.CREDENTIAL: "Application credentials",
    Kind.USER: "Users",
    Kind.ROLE: "Roles",
}


def allowed(report: AccessReport) -> Iterator[tuple[Party, Place, Answers]]:
    """Everything that somebody may do somewhere."""
    found = report.findings
    for (who, where), answers in found.access.items():
        if strongest(answers):
            yield found.principals[who], found.places[where], answers


def powerless(report: AccessReport) -> list[Party]:
    """Those who can do nothing anywhere, nor anything beside the verbs."""
    able = {who.id for who, _, _ in allowed(report)}
    found = report.findings.principals.values()
    return [each for each in found if each.id not in able and "also" not in each.facts]


def place_name(report: AccessReport, place: Place) -> str:
    """A place as a reader knows it: the whole, a part, or the rest."""
    if place.prefix:
        return place.id
    parts = any(e.root == place.root and e.prefix for e in report.findings.places.values())
    return f"{place.id} ({'the rest' if parts else whole(place)})"


def whole(place: Place) -> str:
    """What all of it is called."""
    return "the whole container" if place.root.startswith("swift:") else "the whole bucket"


def because(answers: Answers) -> list[str]:
    """The statements that allow, those of one policy together."""
    found: dict[str, dict[str, None]] = {}
    for verb in Verb:
        for each in answers[verb].by:
            policy, _, statement = each.partition(" > ")
            found.setdefault(policy, {})[statement] = None
    told = {policy: ", ".join(filter(None, names)) for policy, names in found.items()}
    return [f"{policy} > {names}" if names else policy for policy, names in told.items()]


def limits(answers: Answers) -> list[str]:
    """What holds the allowed back: statements that deny a part, conditions."""
    found = []
    for verb in Verb:
        answer = answers[verb]
        if answer.allowed and answer.denied:
            found.append(f"{', '.join(answer.denied_by)} denies {', '.join(answer.denied)}")
        if answer.allowed and answer.only_if:
            found.append(f"{verb} only if {', '.join(answer.only_if)}")
    return found


def notes(principal: Party) -> list[str]:
    """What is known of somebody besides their access."""
    facts = principal.facts
    told = ["NOT of the program"] if facts.get("stranger") else []
    told += ["known administrator"] if facts.get("administrator") else []
    if "keys" in facts:
        told.append(f"{facts['keys']} of {facts['key_slots']} keys")
    if "longest_session" in facts:
        told.append(f"sessions of at most {facts['longest_session']:,} s")
    for each in facts.get("assumed_by", []):
        how = {True: ", external ID required", False: ", WITHOUT external ID", None: ""}[
            each.get("external_id_required")
        ]
        told.append(f"assumed by {each['who'].partition(':')[2]} ({each['by']}{how})")
    told += [f"{key}: {', '.join(actions)}" for key, actions in facts.get("kms", {}).items()]
    told += [f"and also: {'; '.join(risks.told(facts['also']))}"] if "also" in facts else []
    if "expires_at" in facts:
        told.append(f"expires {facts['expires_at']}")
    told += [f"with {facts['with']}"] if "with" in facts else []
    told += [facts["beware"]] if "beware" in facts else []
    return told


def place_notes(place: Place) -> list[str]:
    """What is known of a place besides who reaches it."""
    facts = place.facts
    if facts.get("adopted"):
        return ["exists already, its own settings are not in the program"]
    told = []
    if "public_access_blocked" in facts:
        told.append("public access blocked" if facts["public_access_blocked"] else "NOT blocked")
        told.append("TLS only" if facts["tls_only"] else "plain HTTP too")
    if "encryption" in facts:
        told.append(f"encrypted by {facts.get('kms') or facts['encryption']}")
    return told


def table(report: AccessReport) -> RenderableType:
    """The report for a terminal."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("who", "where", *(verb.value for verb in Verb), "by"):
        shown.add_column(heading, overflow="fold")
    last = None
    for who, where, answers in allowed(report):
        marks = [
            Text("●" if answers[v].allowed else "·", _STYLES[v] if answers[v].allowed else "dim")
            for v in Verb
        ]
        reasons = [*because(answers), *(f"({each})" for each in limits(answers))]
        name = "" if who == last else f"{who.name} [{who.kind}]"
        where_told = place_name(report, where)
        shown.add_row(Text(name, "bold"), Text(where_told), *marks, Text("; ".join(reasons)))
        last = who
    facts = Table(box=None, pad_edge=False)
    facts.add_column("who", overflow="fold")
    facts.add_column("also known", overflow="fold")
    for who in report.findings.principals.values():
        if told := notes(who):
            facts.add_row(Text(who.name, "bold"), Text("; ".join(told)))
    last_words = [Text(line, "dim") for line in remarks(report)]
    return Group(Text(title(report), "bold"), shown, Text(), facts, Text(), *last_words)


def title(report: AccessReport) -> str:
    """What the report is of."""
    if report.account:
        return f"Who reaches what of environment {report.environment}: account {report.account}"
    return f"Who can do what: environment {report.environment}"


def remarks(report: AccessReport) -> list[str]:
    """What a reader must know of the report itself."""
    nobody = ", ".join(each.name for each in powerless(report))
    told = [f"Refused everywhere: {nobody}."] if nobody else []
    unknown = sorted(report.findings.unknown)
    adopted = sorted({p.root for p in report.findings.places.values() if p.facts.get("adopted")})
    unknown += [f"the own settings of {each}, which exists already" for each in adopted]
    if unknown:
        told.append(f"Not judged: {'; '.join(unknown)}. By these more may be allowed.")
    else:
        told.append("All that is not shown is refused.")
    if report.account:
        return [*told, "Not listed: the account's root user, and what an organisation takes away."]
    return [*told, "Not listed: the account's own administrators."]


def markdown(report: AccessReport) -> str:
    """The report for a pull request or a wiki."""
    verbs = list(Verb)
    lines = [f"## {title(report)}", ""]
    lines += [
        f"| who | where | {' | '.join(verbs)} | by |",
        "|---|---" + "|:-:" * len(verbs) + "|---|",
    ]
    for who, where, answers in allowed(report):
        marks = ["●" if answers[verb].allowed else "" for verb in verbs]
        reasons = [*because(answers), *(f"_{each}_" for each in limits(answers))]
        cells = [f"{code(who.name)} {who.kind}", code(place_name(report, where)), *marks]
        lines.append(f"| {' | '.join([*cells, escape('; '.join(reasons))])} |")
    lines += ["", "| who | also known |", "|---|---|"]
    lines += [
        f"| {code(who.name)} | {escape('; '.join(told))} |"
        for who in report.findings.principals.values()
        if (told := notes(who))
    ]
    return "\n".join([*lines, "", *(f"{escape(line)}  " for line in remarks(report))]) + "\n"


def escape(text: str) -> str:
    """A text that means nothing to Markdown's tables, nor to HTML in them."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def code(text: str) -> str:
    """A name, as it is written."""
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"
