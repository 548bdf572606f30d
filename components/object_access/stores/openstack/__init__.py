"""The embedded OpenStack: the real Keystone and the real Swift, each in a process of its own."""
