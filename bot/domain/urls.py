"""What addresses mean, without asking the network."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})  # names of this computer that no other one answers to
