"""The use cases: plain functions that take the doors they need by name; one transaction each."""
