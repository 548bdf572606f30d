"""A role that only its consumer can assume, on a cloud where nobody here is that consumer: IAM's
own simulator is asked, and its trust policy is read.

Both need the keys of somebody who may read roles and simulate, such as whoever deploys. The
simulator knows the role's policies and not the bucket's (IAM User Guide, "Testing IAM policies with
the IAM policy simulator").
"""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ..handover.model import Place, Role
from ..names import bucket_arn
from ..policies.evaluate import Policies, Policy, Principal, Request, evaluate
from ..policies.grants import ACTIONS, Access
from ..policies.trust import account_of
from .check import Checks, Failed, NotPromised, NotTried, Refused, allowed, refused
from .subject import Subject, can

ADMINISTRATION = (
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:DeleteBucket",
    "iam:CreateAccessKey",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
)
_ANYTHING = Policy(
    "its own account's",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)
_STRANGER = "999999999999"


class SimulatedChecks(Checks):
    """What a role can do, by IAM's simulator, and whom it trusts, by its trust policy."""

    def __init__(self, subject: Subject, holder: str, how: Role):
        self._subject, self._holder, self._how = subject, holder, how
        self.scope = f"{holder}: " if len(subject.handover.holders) > 1 else ""

    @allowed("by IAM's simulator: what was granted")
    def granted(self) -> None:
        for place in self._places:
            for verb in place.access:
                self._decided(Access(verb), place, "allowed")

    @refused("by IAM's simulator: no other verb, and nothing of somebody else's")
    def withheld(self) -> None:
        for place in self._places:
            for verb in ACTIONS:
                if not any(can(each, verb) for each in self._places):
                    self._decided(verb, place, "implicitDeny")
        elsewhere = Place(prefix="somebody-elses/", access=())
        for verb in (Access.READ, Access.WRITE, Access.DELETE):
            if all(place.prefix or place.keys for place in self._places):
                self._decided(verb, elsewhere, "implicitDeny")
        raise Refused("implicitDeny")

    @refused("by IAM's simulator: administering the bucket, becoming more")
    def administration(self) -> None:
        self._ask(ADMINISTRATION, [self._arn], {}, "implicitDeny")
        raise Refused("implicitDeny")

    @allowed("its trust, as it is read: the consumer, with the proof")
    def trusts(self) -> None:
        for who in self._how.trusted:
            if not self._lets_in(who, self._proof):
                raise Failed(f"{who} is not trusted")

    @refused("its trust, as it is read: nobody without the proof, and no other account")
    def trusts_nobody_else(self) -> None:
        for who in self._how.trusted:
            for proof in ({}, dict.fromkeys(self._proof, "wrong")):
                if self._lets_in(who, proof):
                    raise Failed(f"{who} is let in without the right proof")
        for who in (_STRANGER, self._how.role_arn.split(":")[4]):
            if self._lets_in(who, self._proof):
                raise Failed(f"account {who} is let in")
        raise Refused("not trusted")

    # --- how ---

    @property
    def _places(self) -> Collection[Place]:
        return self._subject.handover.place_of(self._holder).values()

    @property
    def _arn(self) -> str:
        return bucket_arn(self._subject.bucket, self._subject.region)

    @property
    def _proof(self) -> dict[str, str]:
        if self._how.session_name:
            return {"sts:rolesessionname": self._how.session_name}
        return {"sts:externalid": self._how.external_id}

    def _decided(self, verb: Access, place: Place, wanted: str) -> None:
        if verb is Access.FULL:
            raise NotPromised
        actions, key = ACTIONS[verb], self._subject.key(place)
        prefix = place.keys[0] if place.keys else place.prefix
        if actions.listing:
            self._ask(actions.listing, [self._arn], {"s3:prefix": prefix}, wanted)
        if actions.bucket:
            self._ask(actions.bucket, [self._arn], {}, wanted)
        if actions.objects:
            self._ask(actions.objects, [f"{self._arn}/{key}"], {}, wanted)

    def _ask(
        self,
        actions: Iterable[str],
        resources: list[str],
        context: Mapping[str, str],
        wanted: str,
    ) -> None:
        """Raises Failed where the simulator decides otherwise."""
        entries = [
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for name, value in context.items()
        ]
        answer = self._iam.simulate_principal_policy(
            PolicySourceArn=self._how.role_arn,
            ActionNames=[*actions],
            ResourceArns=resources,
            ContextEntries=entries,
        )
        for each in answer["EvaluationResults"]:
            if (each["EvalDecision"] == "allowed") != (wanted == "allowed"):
                raise Failed(f"{each['EvalActionName']} on {resources[0]}: {each['EvalDecision']}")

    def _lets_in(self, principal: str, proof: Mapping[str, str]) -> bool:
        account = account_of(principal)
        arn = f"arn:aws:iam::{account}:user/somebody" if principal == account else principal
        kind = "role" if ":role/" in arn else "user"
        who = Principal(kind, account, arn.replace(":root", ":user/somebody"))  # type: ignore[arg-type]
        policies = Policies(identity=(_ANYTHING,), resource=self._trust)
        own = self._how.role_arn.split(":")[4]
        asked = Request(who, "sts:AssumeRole", self._how.role_arn, own, dict(proof))
        return evaluate(asked, policies).allowed

    @cached_property
    def _trust(self) -> Policy:
        role = self._iam.get_role(RoleName=self._how.role_arn.rpartition("/")[2])["Role"]
        document = role["AssumeRolePolicyDocument"]
        if isinstance(document, str):
            document = json.loads(unquote(document))
        return Policy("trust", document, "trust")

    @cached_property
    def _iam(self) -> Any:
        deployer = self._subject.bystanders.deployer
        if deployer is None:
            raise NotTried(
                "only the consumer can assume the role: to ask IAM's simulator and read its trust, "
                "have AWS credentials that may (AWS_PROFILE)"
            )
        return self._subject.client("iam", deployer)
