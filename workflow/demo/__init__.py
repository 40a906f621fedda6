"""The main job in fast-forward: a whole round with real processes; only the clock and the people are played."""

from workflow.demo.play import run

__all__ = ["run"]
