"""Tertial: plans reporting rounds, invites, reminds, reads answers and gathers the bundle."""
