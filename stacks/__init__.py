"""Stacks: a file for every kind of project, which combines components and says what they give."""
