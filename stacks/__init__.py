"""Stacks: for every kind of project a file that combines components and says what is handed over."""
