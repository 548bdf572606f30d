"""What a program declares that nobody judges here: where it is new or changed, somebody looks.

Whatever may hand out access or act for somebody who has it: other clouds and providers, commands,
machines and functions with a role, components that are made elsewhere. What cannot is listed.
"""

import re

from .model import Findings
from .program import LATER, REMOTE, Program

# Neither holds access nor acts for anybody: random values, networks, names, certificates, metrics.
_HARMLESS = re.compile(
    r"""
    random:|tls:|time:|std:|pulumi:providers:
    |aws:(acm|route53|servicequotas|resourcegroups)/|aws:budgets/budget:
    |aws:cloudwatch/(compositeAlarm|dashboard|logGroup|logMetricFilter|logStream|metricAlarm
       |queryDefinition):
    |aws:ec2/(defaultNetworkAcl|defaultRouteTable|defaultSecurityGroup|defaultVpc|eip
       |eipAssociation|egressOnlyInternetGateway|flowLog|internetGateway|mainRouteTableAssociation
       |natGateway|networkAcl|networkAclRule|route|routeTable|routeTableAssociation|securityGroup
       |securityGroupAssociation|securityGroupRule|subnet|tag|vpc|vpcDhcpOptions
       |vpcDhcpOptionsAssociation):
    |aws:vpc/
    |aws:(iam|kms|s3\w*)/|pulumi-python:dynamic|openstack:(identity|objectstorage)/  # judged apart
    |openstack:(blockstorage|dns|images|loadbalancer|networking)/
    """,
    re.VERBOSE,
)


# Of all that is told, whatever keeps nobody from anything: once it is gone, nobody can do more.
_ONLY_GIVES = re.compile(
    r"""
    (corsRules|replicationConfigurations?|websites?)[ ]of[ ]bucket|the[ ]ACL[ ]of[ ]bucket
    |whose[ ]tokens|.*(it[ ]is[ ]there[ ]already|it[ ]stays[ ]there)
    |aws:iam/(accessKey|instanceProfile|openIdConnectProvider|samlProvider|serviceSpecificCredential
       |signingCertificate|sshKey|userLoginProfile):
    |aws:(batch|cloudfront|ecs|eks|lambda|transfer|kms/grant|ec2/instance)\b
    |aws:s3\w*/(?!\w*(Policy|Block|Lock))
    """,
    re.VERBOSE,
)
_OF_WHOM = re.compile(r"(?:boundary|policy) of (.+?): arn:")


def held(what: str, now: Findings) -> bool:
    """Whether something that was noted and is gone may have kept somebody from something."""
    whose = _OF_WHOM.match(what)
    return not _ONLY_GIVES.match(what) and not (whose and whose[1] not in now.principals)


def note(program: Program, found: Findings) -> None:
    """Note it all."""
    for each in program.resources:
        if each.type.startswith(REMOTE) or not _HARMLESS.match(each.type):
            found.leave(f"{each.type} {each.name}", each.outputs)
        if LATER in str(each.outputs):
            what = f"{each.type} {each.name}: what it says is known once it is made"
            found.leave(what, each.outputs)
        if each.kept:
            found.leave(f"{each.type} {each.name}: {each.kept}", each.outputs)
        if each.imported:
            found.leave(f"{each.type} {each.name}: whatever it is, it is there already", True)
