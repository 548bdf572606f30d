"""What `pulumi preview --policy-pack guardrails` runs: the rules as policies of the engine."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

# The engine starts the pack in its own folder, and the rules use what the components know.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guardrails.rules import RULES, UNKNOWN, Resource, Rule


def _plain(given: Any) -> Any:
    """The value as plain data: the engine's own wrappers raise for what is not known yet."""
    if isinstance(given, Mapping):
        return {key: _at(given, key) for key in given}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [_at(given, index) for index in range(len(given))]
    return given


def _at(given: Any, key: Any) -> Any:
    try:
        return _plain(given[key])
    except UnknownValueError:
        return UNKNOWN


def _resource(given: ResourceValidationArgs | PolicyResource) -> Resource:
    needs = getattr(given, "property_dependencies", {})
    return Resource(
        given.resource_type,
        _plain(given.props),
        given.name,
        given.urn,
        given.opts.protect,
        {key: frozenset(each.urn for each in others) for key, others in needs.items()},
    )


def _policy(rule: Rule) -> Policy:
    def one(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for found in rule.judge([_resource(args)], **args.get_config()):
            report(found.message, None)

    def stack(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_resource(each) for each in args.resources]
        for found in rule.judge(resources, **args.get_config()):
            report(found.message, found.resource.urn)

    level = EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY
    schema = PolicyConfigSchema({key: {**each} for key, each in rule.settings.items()})
    if rule.of == "stack":
        return StackValidationPolicy(rule.name, rule.description, stack, level, schema)
    return ResourceValidationPolicy(rule.name, rule.description, one, level, schema)


PolicyPack("guardrails", [_policy(rule) for rule in RULES])
