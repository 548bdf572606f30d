"""What was declared, as Terraform: the language that scanners know best.

As HCL with `jsonencode`, for of JSON, and of documents in strings, Checkov leaves checks out.
"""

import json
import re

# Blocks that may be repeated have one name in Terraform and another in Pulumi.
SINGULAR = {"rules": "rule", "cors_rules": "cors_rule"}
MAPS = {"tags", "metadata"}
DOCUMENTS = {"policy", "assume_role_policy"}
# Properties by which one resource is about another. Scanners follow references, not equal names.
ABOUT = {
    "bucket": ("aws_s3_bucket", "bucket", "id"),
    "user": ("aws_iam_user", "name", "name"),
    "role": ("aws_iam_role", "name", "name"),
    "policyArn": ("aws_iam_policy", "arn", "arn"),
}


def snake(text):
    """The same word in Terraform's spelling."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()


def type_of(resource):
    """`aws_s3_bucket` of `aws:s3/bucket:Bucket`."""
    provider, module, _ = re.split("[:/]", resource.type, maxsplit=2)
    return f"{provider}_{module}_{snake(resource.kind)}"


def text_of(value):
    """A value as an expression; what looks like a template is none."""
    return re.sub(r"[$%](?=\{)", r"\g<0>\g<0>", json.dumps(value))


def lines_of(body, references):
    """The arguments and blocks of one resource, or of a block in it."""
    for key, value in body.items():
        name = SINGULAR.get(snake(key), snake(key))
        if key in references:
            yield f"{name} = {references[key]}"
        elif name in DOCUMENTS:
            yield f"{name} = jsonencode({text_of(json.loads(value))})"
        elif name not in MAPS and isinstance(value, dict | list) and "{" in str(value):
            for block in value if isinstance(value, list) else [value]:
                yield f"{name} {{"
                yield from lines_of(block, {})
                yield "}"
        else:
            yield f"{name} = {text_of(value)}"


def program(resources):
    """A file `main.tf` of the clouds' resources among these."""
    wanted = [each for each in resources if each.type.startswith(("aws:", "openstack:"))]
    homes = {
        (type_of(each), key, value): each.name
        for each in wanted
        for key, value in each.inputs.items()
        if isinstance(value, str)
    }
    lines = []
    for each in wanted:
        references = {
            key: f"{kind}.{homes[kind, named, each.inputs[key]]}.{wants}"
            for key, (kind, named, wants) in ABOUT.items()
            if type_of(each) != kind and (kind, named, each.inputs.get(key)) in homes
        }
        lines.append(f'resource "{type_of(each)}" "{each.name}" {{')
        lines += lines_of(each.inputs, references)
        lines.append("}")
    return "\n".join(lines)
