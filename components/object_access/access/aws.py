"""Who can do what on S3: the principals and buckets of an account, from what a program declares."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from ..policies import cors
from ..policies.documents import VERSION
from ..policies.evaluate import ANONYMOUS, Policies, Principal, Request, evaluate
from . import acls, outsiders
from .model import NOTHING, Findings, Kind, Party, Place
from .program import Declared, Program
from .proof import Alike, Evidence, Thing, holder
from .queries import Bucket, Hearing, Identity, of_pages
from .reading import (
    EXTERNAL_ID,
    PROBE,
    Written,
    audiences,
    bucket_of,
    is_pattern,
    key_patterns,
    like,
    listed,
    literal_start,
    one_of,
    shortest_id,
    subjects,
    unmet,
    written,
)
from .risks import IN_VERBS, by_risk

_KEY_SLOTS = 2  # access keys that a user can have
# What a bucket may say itself instead of a resource of its own, and what is not read there.
_INLINE = frozenset(
    {"corsRules", "policy", "replicationConfiguration", "replicationConfigurations", "website",
     "websites"}
)  # fmt: skip
_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy")
# What nobody can do with a disabled key (KMS Developer Guide, "Enabling and disabling keys" and
# "Cryptographic operations").
_DISABLED = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": [
        *("kms:Decrypt", "kms:DeriveSharedSecret", "kms:Encrypt", "kms:GenerateDataKey*"),
        *("kms:GenerateMac", "kms:ReEncrypt*", "kms:Sign", "kms:Verify*"),
    ],
    "Resource": "*",
}
_SIGNED = {"with": "a request that somebody with access has signed"}

# Of what may give access, the types that are judged; others are told as unknown.
_GIVES_ACCESS = re.compile(r"aws:(iam|kms|s3\w*)/")
_READ = re.compile("aws:(iam|kms|s3)/")
_JUDGED = frozenset(
    (
        *("AccessKey", "InstanceProfile", "OpenIdConnectProvider", "Policy", "Role", "RolePolicy"),
        *("RolePolicyAttachment", "User", "UserPolicy", "UserPolicyAttachment"),
        *("Group", "GroupMembership", "GroupPolicy", "GroupPolicyAttachment"),
        *("PolicyAttachment", "UserGroupMembership"),
        *("AccountPublicAccessBlock", "Bucket", "BucketAcl", "BucketCorsConfiguration"),
        *("BucketLifecycleConfiguration", "BucketLogging", "BucketOwnershipControls"),
        *("BucketPolicy", "BucketPublicAccessBlock", "BucketVersioning"),
        "BucketServerSideEncryptionConfiguration",
        *("Alias", "Key", "KeyPolicy"),
    )
)
_TAGS = re.compile("resourcetag/|buckettag/|existingobjecttag/")
_OBJECTS = frozenset({"BucketObject", "BucketObjectv2"})


class Account:
    """The account that a program describes, with all buckets that its policies name, or with
    `only` some."""

    def __init__(self, program: Program, only: frozenset[str] | None = None):
        self._found = Findings()
        self._only = only
        self._account = program.account
        self._declared: dict[str, list[Declared]] = {}
        for each in program.resources:
            if _GIVES_ACCESS.match(each.type):
                kind, read = each.type.rpartition(":")[2].removesuffix("V2"), _READ.match(each.type)
                if read:
                    self._declared.setdefault(kind, []).append(each)
                harmless = kind in _JUDGED or (kind in _OBJECTS and not each.outputs.get("acl"))
                if not read or not harmless:
                    self._found.leave(f"{each.type} {each.name}", each.outputs)
        self._managed = {
            each.outputs["arn"]: written(each.outputs["name"], each.outputs["policy"])
            for each in self._of("Policy")
        }
        self._attached: set[str] = set()
        self._whose: dict[str, dict[str, list[Declared]]] = {}
        self._users = {each.outputs["name"]: self._user(each) for each in self._of("User")}
        self._roles = {each.outputs["name"]: self._role(each) for each in self._of("Role")}
        self._groups = {each.outputs["name"]: self._group(each) for each in self._of("Group")}
        self._leave_twins()
        self._give("user", self._users)
        self._give("role", self._roles)
        self._give("group", self._groups)
        self._attach_apart()
        self._join_groups()
        self._inside = [*self._users.values(), *self._roles.values(), *self._elsewhere()]
        self._by_name = {each.asker.unique_id: each for each in self._inside}
        self._by_name |= {each.asker.role_arn or each.asker.arn: each for each in self._inside}
        self._outsiders: dict[str, Identity] = {}
        self._stranger = self._outsider("*")
        self._buckets = self._all_buckets()
        self._leave_providers()
        self._leave_tags()
        self._trusts: dict[str, Written] = {}
        for role in self._of("Role"):
            self._trust(role)
        for bucket in self._buckets.values():
            for name in bucket.policy.principals if bucket.policy else ():
                if outsiders.account_of(name) not in ("", self._account):
                    self._outsider(name)

    def _leave_twins(self) -> None:
        """Two of one name, in two accounts, say: policies and Denies of both become those of one.
        And what is given to somebody whom the program does not make."""
        for kind in ("User", "Role", "Group"):
            names = [each.outputs["name"] for each in self._of(kind)]
            for each in self._of(kind):
                if names.count(each.outputs["name"]) > 1:
                    what = f"{each.type} {each.name}: {each.outputs['name']} is declared twice"
                    self._found.leave(what, each.outputs)
        given = (("AccessKey", "user", self._users), ("InstanceProfile", "role", self._roles))
        for kind, whose, identities in given:
            for each in self._of(kind):
                if each.outputs.get(whose) not in (None, *identities):
                    what = f"{each.type} {each.name}: of nobody in this program"
                    self._found.leave(what, each.outputs)

    def _leave_providers(self) -> None:
        """Whose tokens an OpenID Connect provider lets in, where a trust leaves that to it."""
        trusts = [
            statement
            for role in self._of("Role")
            for statement in written("trust", role.outputs["assumeRolePolicy"], "trust").statements
        ]
        for each in self._of("OpenIdConnectProvider"):
            arn = each.outputs["arn"]
            said = [
                audiences(statement, arn.partition(":oidc-provider/")[2])
                for statement in trusts
                if arn in _federated(statement)
            ]
            clients = {*(each.outputs.get("clientIdLists") or [])}
            told = bool(said) and all(said) and {*chain.from_iterable(said)} == clients
            if told and not each.outputs.get("thumbprintLists"):
                continue
            says = {key: each.outputs.get(key) for key in ("clientIdLists", "thumbprintLists")}
            self._found.leave(f"whose tokens {each.type} {each.name} takes", says)

    def _leave_tags(self) -> None:
        """Tags of things, where some policy asks for them."""
        policies = [each for identity in self._inside for each in identity.written]
        policies += [each.written for each in self._buckets.values() if each.written]
        tests = {t.key for each in policies for r in each.readings for t in r.tests}
        if "kms:resourcealiases" in tests:
            for each in self._of("Alias"):
                self._found.leave(f"{each.type} {each.name}, which policies ask for", each.outputs)
        if not any(_TAGS.search(key) for key in tests):
            return
        for kind in ("Bucket", "Role", "User", "Key", *sorted(_OBJECTS)):
            for each in self._of(kind):
                if tags := each.outputs.get("tags"):
                    self._found.leave(f"tags of {each.type} {each.name}, which policies ask", tags)

    @cached_property
    def evidence(self) -> Evidence:
        """Everything that decides about access."""
        found = Evidence(self._account)
        for each in self._inside:
            found.holders[each.shown.id] = holder(
                each.shown, each.asker, each.context, each.written, each.boundary,
                self._trusts.get(each.asker.role_arn),
            )  # fmt: skip
        things = [
            *(Thing("bucket", e.arn, e.written, e.restricted) for e in self._buckets.values()),
            *(Thing("role", arn, trust) for arn, trust in self._trusts.items()),
            *(Thing("key", arn, own) for arn, own in self._keys()),
        ]
        found.things.update({each.arn: each for each in things})
        found.cors = {f"s3://{e.name}/": e.cors for e in self._buckets.values() if e.cors}
        return found

    def _keys(self) -> Iterator[tuple[str, Written]]:
        """Keys with their policies; by default that of their account ("Default key policy", KMS
        Developer Guide)."""
        later = {each.outputs["keyId"]: each for each in self._of("KeyPolicy")}
        for each in self._of("Key"):
            apart = [later.pop(each.outputs[name], None) for name in ("keyId", "arn")]
            given = next((e.outputs["policy"] for e in apart if e), each.outputs.get("policy"))
            root = f"arn:{each.outputs['arn'].split(':')[1]}:iam::{self._account}:root"
            default = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*"}
            document = {"Version": VERSION, "Statement": [{**default, "Resource": "*"}]}
            own = written(f"policy of key {each.name}", given or json.dumps(document), "resource")
            if each.outputs.get("isEnabled") is False:
                body = {**own.body, "Statement": [*own.statements, _DISABLED]}
                own = written(f"policy of disabled key {each.name}", body, "resource")
            yield each.outputs["arn"], own
        for other in later.values():
            self._found.leave(
                f"{other.type} {other.name}: of no key in this program", other.outputs
            )

    @property
    def buckets(self) -> list[str]:
        """The names of those that the program makes, adopts or names."""
        return sorted(self._buckets)

    def findings(self) -> Findings:
        """Everybody's access to every bucket that the program makes, adopts or names."""
        anonymous = Identity(Party(Kind.ANONYMOUS, "anyone without login", {}), ANONYMOUS, {})
        everybody = [*self._inside, *self._outsiders.values()]
        for identity in everybody:
            identity.roles = _reachable(identity)
            if kms := _kms_keys(identity):
                identity.shown.facts["kms"] = kms
            self._found.principals[identity.shown.id] = identity.shown
        near: dict[str, list[Identity]] = {name: [anonymous] for name in self._buckets}
        reached: dict[str, list[Thing]] = {}
        opened = [bucket.name for bucket in self._buckets.values() if bucket.opens]
        for identity in everybody:
            for name in sorted(self._near(identity, opened)):
                near[name].append(identity)
                thing = self.evidence.things[self._buckets[name].arn]
                reached.setdefault(identity.shown.id, []).append(thing)
        alike = Alike(self.evidence.things, self.evidence.holders.values())
        for key, each in self.evidence.holders.items():
            if names := alike.beyond_verbs(self.evidence, each, reached.get(key, []), IN_VERBS):
                each.shown.facts["also"] = by_risk(names)
        for name, bucket in self._buckets.items():
            places = list(bucket.places())
            for identity in near[name]:
                # Somebody from outside can do nothing where the bucket's policy allows nothing.
                outside = identity is anonymous or identity is self._stranger
                closed = outside and not bucket.opens and not identity.roles
                hearing = None if closed else Hearing(identity, bucket)
                for place in places:
                    answers = hearing.answers(place) if hearing else NOTHING
                    self._found.add(identity.shown, place, answers)
            self._pages(bucket, places)
        return self._found

    def _pages(self, bucket: Bucket, places: Iterable[Place]) -> None:
        """What pages in a browser may do, with what somebody else has signed."""
        origins = {each for rule in bucket.cors for each in rule["AllowedOrigins"]}
        for origin in sorted({"*", *origins} if bucket.cors else ()):
            asked = "https://any-other.example" if origin == "*" else one_of(origin, {})
            pages = "any web page" if origin == "*" else f"pages of {origin}"
            for place in places:
                who = Party(Kind.PAGE, pages, {**_SIGNED})
                self._found.add(who, place, of_pages(bucket.cors, asked))

    def _near(self, identity: Identity, opened: Iterable[str]) -> set[str]:
        """The buckets where somebody may be allowed anything: of no other one any statement speaks,
        so that there nothing needs to be asked. A stranger is asked for everywhere."""
        if identity is self._stranger:
            return set(self._buckets)
        found = set(opened)
        for source in [identity, *identity.roles]:
            found |= source.named & self._buckets.keys()
            if any(is_pattern(each) for each in source.named):
                found |= {name for name in self._buckets if source.speaks_of(name)}
        return found

    # --- who and what there is ---

    def _of(self, kind: str) -> list[Declared]:
        return self._declared.get(kind, [])

    def _of_whom(self, kind: str, key: str) -> Mapping[str, list[Declared]]:
        """Resources by whose they are."""
        if kind not in self._whose:
            found = self._whose[kind] = {}
            for each in self._of(kind):
                found.setdefault(each.outputs.get(key, ""), []).append(each)
        return self._whose[kind]

    def _user(self, declared: Declared) -> Identity:
        name, arn, unique = (declared.outputs[key] for key in ("name", "arn", "uniqueId"))
        keys = [
            each.name
            for each in self._of_whom("AccessKey", "user").get(name, ())
            if each.outputs.get("status") != "Inactive"
        ]
        facts = {"declared_as": declared.name, "keys": len(keys), "key_slots": _KEY_SLOTS}
        facts["key_names"] = sorted(keys)
        context = {"aws:username": name, "aws:userid": unique, "aws:principaltype": "User"}
        return self._identity(
            declared, Kind.USER, facts, Principal("user", self._account, arn, unique), context
        )

    def _role(self, declared: Declared) -> Identity:
        name, arn, unique = (declared.outputs[key] for key in ("name", "arn", "uniqueId"))
        longest = int(declared.outputs.get("maxSessionDuration", 3_600))
        facts = {"declared_as": declared.name, "longest_session": longest, "assumed_by": []}
        # Machines that run with a profile already come to whatever role it gets.
        profiles = self._of_whom("InstanceProfile", "role").get(name, ())
        facts["profiles"] = sorted(each.outputs["name"] for each in profiles)
        session = f"arn:{arn.split(':')[1]}:sts::{self._account}:assumed-role/{name}/{PROBE}"
        context = {"aws:userid": f"{unique}:{PROBE}", "aws:principaltype": "AssumedRole"}
        asker = Principal("role", self._account, session, unique, arn)
        return self._identity(declared, Kind.ROLE, facts, asker, context)

    def _identity(
        self,
        declared: Declared,
        kind: Kind,
        facts: dict[str, Any],
        asker: Principal,
        context: dict[str, str],
    ) -> Identity:
        outputs = declared.outputs
        tags = {f"aws:principaltag/{key.lower()}": v for key, v in outputs.get("tags", {}).items()}
        whose = {"aws:principalarn": outputs["arn"], "aws:principalaccount": self._account}
        shown = Party(kind, outputs["name"], facts)
        identity = Identity(shown, asker, {**tags, **context, **whose})
        if arn := outputs.get("permissionsBoundary"):
            identity.boundary = self._managed_of(arn, f"boundary of {shown.id}")
        for arn in outputs.get("managedPolicyArns") or []:
            self._attach(identity, arn)
        for inline in outputs.get("inlinePolicies") or []:
            identity.written.append(written(inline["name"], inline["policy"]))
        return identity

    def _give(self, holder: str, identities: Mapping[str, Identity]) -> None:
        """The policies that are declared apart from those who have them."""
        for end in ("Policy", "PolicyAttachment"):
            for each in self._of(f"{holder.capitalize()}{end}"):
                identity = identities.get(each.outputs[holder])
                if identity is None:
                    what = f"{each.type} {each.name}: of nobody in this program"
                    self._found.leave(what, each.outputs)
                elif end == "Policy":
                    identity.written.append(written(each.outputs["name"], each.outputs["policy"]))
                else:
                    self._attach(identity, each.outputs["policyArn"])

    def _attach(self, identity: Identity, arn: str) -> None:
        if found := self._managed_of(arn, f"policy of {identity.shown.id}"):
            identity.written.append(found)

    def _managed_of(self, arn: str, what: str) -> Written | None:
        self._attached.add(arn)
        if arn not in self._managed:
            self._found.leave(f"{what}: {arn} is not of this program")
        return self._managed.get(arn)

    def _attach_apart(self) -> None:
        """Policies that are given to several at once."""
        for each in self._of("PolicyAttachment"):
            known = {"users": self._users, "roles": self._roles, "groups": self._groups}
            for kind, identities in known.items():
                for name in each.outputs.get(kind) or []:
                    if name in identities:
                        self._attach(identities[name], each.outputs["policyArn"])
                    else:
                        what = f"{each.type} {each.name}: {name} is nobody in this program"
                        self._found.leave(what, each.outputs)

    def _join_groups(self) -> None:
        """The policies of groups belong to their members, too."""
        pairs = [
            *((each, each.outputs["group"], user) for each in self._of("GroupMembership")
              for user in each.outputs["users"]),
            *((each, group, each.outputs["user"]) for each in self._of("UserGroupMembership")
              for group in each.outputs["groups"]),
        ]  # fmt: skip
        for each, group, user in pairs:
            if group in self._groups and user in self._users:
                self._users[user].written += self._groups[group].written
            elif group not in self._groups:
                self._found.leave(f"{each.type} {each.name}: {group} is no group of this program")
            # Somebody else's user is a member like those whom `_elsewhere` stands for.

    def _elsewhere(self) -> Iterator[Identity]:
        """Whoever gets policies of the program elsewhere: members of its groups, unless it says
        that there are no others, and those to whom a policy is attached that it gives nobody."""
        closed = {
            each.outputs["group"]
            for each in self._of("GroupMembership")
            if self._users.keys() >= {*each.outputs["users"]}
        }
        opened = {
            group
            for each in self._of("UserGroupMembership") if each.outputs["user"] not in self._users
            for group in each.outputs["groups"]
        }  # fmt: skip
        yield from (each for name, each in self._groups.items() if name not in closed - opened)
        for each in self._of("Policy"):
            if each.outputs["arn"] not in self._attached:
                identity = self._anybody(f"whoever is given policy {each.outputs['name']}", each)
                identity.written.append(self._managed[each.outputs["arn"]])
                yield identity

    def _group(self, declared: Declared) -> Identity:
        return self._anybody(f"members of group {declared.outputs['name']}", declared)

    def _anybody(self, name: str, declared: Declared) -> Identity:
        """Users of the account of whom nothing else is known."""
        arn = f"arn:{declared.outputs['arn'].split(':')[1]}:iam::{self._account}:user/{PROBE}"
        asker = Principal("user", self._account, arn)
        shown = Party(Kind.USER, name, {"declared_as": f"{declared.name} (others)"})
        return Identity(shown, asker, {"aws:principalaccount": self._account})

    def _all_buckets(self) -> dict[str, Bucket]:
        """Those that the program makes, and those that its policies name."""
        found = {each.outputs["bucket"]: self._made(each) for each in self._of("Bucket")}
        named = {
            resource
            for identity in self._inside
            for policy in identity.written
            for statement in policy.statements
            for resource in listed(statement.get("Resource", []))
            if bucket_of(resource) and not is_pattern(bucket_of(resource))
        }
        for arn in sorted(named):
            name, partition = bucket_of(arn), arn.split(":")[1]
            if self._only is not None and name not in self._only:
                continue
            found.setdefault(name, Bucket(name, {"adopted": True}, partition, self._account))
        self._block(found)
        self._settle(found)
        for bucket, settings in self._settings("BucketAcl", found):
            bucket.grants = acls.grants(settings)
        for bucket in found.values():
            self._grant(bucket)
        for bucket in found.values():
            if "adopted" not in bucket.facts:
                blocked = all(bucket.block.get(flag) for flag in _FLAGS)
                bucket.facts.update(public_access_blocked=blocked, tls_only=bucket.tls_only())
        self._find_prefixes(found)
        return found

    def _made(self, declared: Declared) -> Bucket:
        outputs = declared.outputs
        for setting in sorted(_INLINE & outputs.keys()):
            if outputs[setting]:
                self._found.leave(f"{setting} of bucket {declared.name}", outputs[setting])
        facts = {
            "declared_as": declared.name,
            "region": outputs.get("region", ""),
            "protected": declared.protected,
            "force_destroy": bool(outputs.get("forceDestroy")),
        }
        found = Bucket(outputs["bucket"], facts, outputs["arn"].split(":")[1], self._account)
        found.grants = acls.grants(outputs)
        return found

    def _settle(self, found: Mapping[str, Bucket]) -> None:
        """What is said of buckets apart from them."""
        for bucket, settings in self._settings("BucketPolicy", found):
            if bucket.written:  # on AWS the last writer wins, and nobody knows who that is
                self._found.leave(f"the policy of bucket {bucket.name}, declared twice", settings)
            bucket.written = written("bucket policy", settings["policy"], "resource")
        for bucket, settings in self._settings("BucketServerSideEncryptionConfiguration", found):
            default = settings["rules"][0]["applyServerSideEncryptionByDefault"]
            bucket.facts["encryption"] = default["sseAlgorithm"]
            if "kmsMasterKeyId" in default:
                bucket.facts["kms"] = default["kmsMasterKeyId"]
        for bucket, settings in self._settings("BucketCorsConfiguration", found):
            bucket.cors = [_cors_rule(rule) for rule in settings["corsRules"]]
        for bucket, settings in self._settings("BucketOwnershipControls", found):
            bucket.facts["ownership"] = settings["rule"]["objectOwnership"]

    def _block(self, found: Mapping[str, Bucket]) -> None:
        """What no policy and no list can make public: by the bucket's own setting, and by that of
        its account."""
        for bucket, settings in self._settings("BucketPublicAccessBlock", found):
            bucket.block = {flag: bool(settings.get(flag)) for flag in _FLAGS}
        for each in self._of("AccountPublicAccessBlock"):
            for bucket in found.values():
                for flag in _FLAGS:
                    bucket.block[flag] = bucket.block.get(flag) or bool(each.outputs.get(flag))

    def _grant(self, bucket: Bucket) -> None:
        """Put what a bucket's access control list allows beside its policy."""
        if bucket.facts.get("ownership", acls.ENFORCED) == acls.ENFORCED or not bucket.grants:
            return
        if bucket.restricted:
            what = f"the ACL of bucket {bucket.name}, beside a public policy that is blocked"
            self._found.leave(what, bucket.grants)
        for each in acls.unknown(bucket.grants):
            what = f"the ACL of bucket {bucket.name}: {each.permission} to {each.grantee}"
            self._found.leave(what)
        ignored = bucket.block.get("ignorePublicAcls", False)
        listed = [*acls.statements(bucket.grants, bucket.arn, public=not ignored)]
        if listed:
            own = [*bucket.written.statements] if bucket.written else []
            document = {"Version": VERSION, "Statement": [*own, *listed]}
            bucket.written = written("bucket policy and ACL", document, "resource")

    def _settings(
        self, kind: str, found: Mapping[str, Bucket]
    ) -> Iterator[tuple[Bucket, Mapping[str, Any]]]:
        for each in self._of(kind):
            if bucket := found.get(each.outputs["bucket"]):
                yield bucket, each.outputs
            else:
                what = f"{each.type} {each.name}: of no bucket in this program"
                self._found.leave(what, each.outputs)

    def _find_prefixes(self, found: Mapping[str, Bucket]) -> None:
        policies = [each.written for each in found.values() if each.written]
        policies += [each for identity in self._inside for each in identity.written]
        for policy in policies:
            for name, pattern in key_patterns(policy.statements):
                if is_pattern(name):
                    spoken_of = [each for each in found.values() if like(name).fullmatch(each.name)]
                else:
                    spoken_of = [found[name]] if name in found else []
                for bucket in spoken_of:
                    bucket.patterns.add(pattern)
                    if prefix := literal_start(pattern):
                        bucket.prefixes.add(prefix)

    # --- who may become whom ---

    def _trust(self, declared: Declared) -> None:
        role, arn = self._roles[declared.outputs["name"]], declared.outputs["arn"]
        trust = written("trust", declared.outputs["assumeRolePolicy"], "trust")
        if shortest := shortest_id(declared.outputs["assumeRolePolicy"]):
            role.shown.facts["external_id_length"] = shortest
        self._trusts[arn] = trust
        assumed_by = role.shown.facts["assumed_by"]
        for who in [*self._named(trust, role), *self._others(trust)]:
            told = _assumes(who, arn, trust)
            if told and told not in assumed_by:
                assumed_by.append(told)
                who.roles.append(role)
        assumed_by.sort(key=lambda each: each["who"])

    def _named(self, trust: Written, role: Identity) -> Iterator[Identity]:
        """Everybody of an account whom a trust may mean."""
        partition = role.asker.arn.split(":")[1]
        for name in sorted(trust.policy.principals):
            if name in self._by_name:
                yield self._by_name[name]
            elif name in (self._account, f"arn:{partition}:iam::{self._account}:root", "*"):
                yield from (each for each in self._inside if each is not role)
                if name == "*":
                    yield self._stranger
            else:
                yield self._outsider(name)

    def _others(self, trust: Written) -> Iterator[Identity]:
        """Services, and bearers of tokens, whom a trust may mean."""
        for statement in trust.statements:
            element = statement.get("Principal")
            if isinstance(element, Mapping):
                yield from (_service(name) for name in listed(element.get("Service", [])))
                for name in listed(element.get("Federated", [])):
                    yield from self._bearers(name, statement)

    def _outsider(self, name: str) -> Identity:
        """Somebody of another account, by how a policy names them."""
        who = outsiders.by_name(name)
        identity = Identity(who.shown, who.asker, who.context, [outsiders.EVERYTHING])
        return self._outsiders.setdefault(who.shown.name, identity)

    def _bearers(self, provider: str, statement: Mapping[str, Any]) -> Iterator[Identity]:
        """Those whose tokens of an OpenID Connect provider a statement trusts."""
        issuer = provider.partition("oidc-provider/")[2] or provider
        for subject in subjects(statement, issuer):
            shown = Party(Kind.OUTSIDER, f"{subject} by {issuer}", {})
            token = {**unmet([statement], ()), f"{issuer}:sub".lower(): one_of(subject, {})}
            bearer = Identity(shown, Principal("federated", arn=provider), token)
            yield self._outsiders.setdefault(shown.name, bearer)


def _assumes(who: Identity, arn: str, trust: Written) -> dict[str, Any]:
    """How somebody may assume a role, or nothing: first with nothing in hand, then with what the
    trust asks for except an external ID, then with that, too."""
    with_token = who.asker.kind == "federated"
    action = "sts:AssumeRoleWithWebIdentity" if with_token else "sts:AssumeRole"
    needed = unmet(trust.statements, who.context)
    boundary = who.boundary.policy if who.boundary else None
    policies = Policies(who.policies, trust.policy, boundary)
    without_id = {key: value for key, value in needed.items() if key != EXTERNAL_ID}
    for shown in ({}, without_id, needed):
        context = {"aws:securetransport": "true", **shown, **who.context}
        request = Request(who.asker, action, arn, arn.split(":")[4], context)
        if evaluate(request, policies).allowed:
            _, statement = trust.policy.allowed(request, action.lower(), context)
            told: dict[str, Any] = {"who": who.shown.id, "by": f"trust > {statement}"}
            if who.shown.kind is Kind.OUTSIDER and who.asker.kind in ("user", "role"):
                told["external_id_required"] = EXTERNAL_ID in shown
            if conditions := sorted(set(shown) - {EXTERNAL_ID}):
                told["only_if"] = conditions
            return told
    return {}


def _federated(statement: Mapping[str, Any]) -> list[str]:
    """The providers that a statement of a trust names."""
    element = statement.get("Principal")
    return listed(element.get("Federated", [])) if isinstance(element, Mapping) else []


def _service(name: str) -> Identity:
    return Identity(*outsiders.service(name))


def _reachable(identity: Identity) -> list[Identity]:
    """The roles that somebody may become, also by way of others."""
    found = list(identity.roles)
    for each in found:  # grows while it is read
        found += [role for role in each.roles if role not in found and role is not identity]
    return found


def _kms_keys(identity: Identity) -> dict[str, list[str]]:
    """What somebody may do with which keys, by policies of their own."""
    keys = {
        one_of(resource, identity.context)
        for policy in identity.written
        for statement in policy.statements
        for resource in listed(statement.get("Resource", []))
        if ":kms:" in resource
    }
    found = {
        key: [action for action in _KEY_ACTIONS if identity.decide(action, key).allowed]
        for key in sorted(keys)
    }
    return {key: actions for key, actions in found.items() if actions}


def _cors_rule(rule: Mapping[str, Any]) -> cors.CorsRule:
    return {
        "AllowedOrigins": rule["allowedOrigins"],
        "AllowedMethods": rule["allowedMethods"],
        "AllowedHeaders": rule.get("allowedHeaders") or [],
        "ExposeHeaders": rule.get("exposeHeaders") or [],
        "MaxAgeSeconds": int(rule.get("maxAgeSeconds") or 0),
    }
