"""A Pulumi policy pack: what a whole organisation's stacks must keep to."""
