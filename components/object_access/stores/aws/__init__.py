"""The embedded AWS: moto keeps the state, the gate in front of it decides as AWS does."""
