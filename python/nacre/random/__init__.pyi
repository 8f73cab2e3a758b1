# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import collections.abc
import typing

from nacre._core import Tensor

def __getattr__(name: str) -> typing.Any: ...
