"""The rules: standard library only, no clock, no I/O; everything is a value or a function of values."""
