"""The examples in docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import nacre


def _modules():
    yield "nacre"
    for module in pkgutil.walk_packages(nacre.__path__, "nacre."):
        if not module.name.endswith(("._core", ".__main__")):
            yield module.name


@pytest.mark.parametrize("name", sorted(_modules()))
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples that save write here
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testmod(module, optionflags=flags)
    assert failed == 0
