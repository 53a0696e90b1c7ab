"""Find where each field of an Avro record begins and ends, without decoding it.

Rubin's packets hold up to thousands of earlier detections that nobody here needs.
A full decode of one takes 30 to 60 ms; a decode that skips them still must step over
every number. Here a schema becomes regular expressions once (`patterns`): all but long
strings, byte arrays and arrays have a form that depends on the leading byte alone, so
that one match steps over a whole nested record, at about a microsecond each. Neighbours
in an array mostly have the same fields null and strings as long as each other's, so an
expression without a branch, made of the first of them, steps over the others in less
than half of that (`layouts`), and runs of those that are as long as each other are
compared at once, a fifth of a microsecond each at most (`strides`). Where no expression
matches, `steps` go part by part.
Every length is followed to its end, so that a damaged one is found as a full decode
would find it.

Schemas arrive with the packets, so that both may be hostile. What takes no bytes is never
stepped over, a record around one field is that field, and steps and patterns are counted:
the time for a record is bounded, whatever its schema says (`budget`).
"""

from schemas.walk.longs import read_long
from schemas.walk.walker import RecordWalker

__all__ = ["RecordWalker", "read_long"]
