"""A command is run against an embedded store once: what it asked becomes a project, proven by
replay."""
