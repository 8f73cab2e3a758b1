"""Config: named values as attributes."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any


class Config:
    """A dictionary of named values that are attributes too, and that can be frozen.

    Args:
        **kwargs: The values by their names.

    Raises:
        ValueError: On a change while it is frozen.
        AttributeError: For a name that has no value.

    Example:

    >>> import nacre
    >>> config = nacre.utils.Config(learning_rate=0.1)
    >>> config.seed = 3
    >>> config["seed"], config.learning_rate, list(config)
    (3, 0.1, ['learning_rate', 'seed'])
    >>> config.freeze()
    >>> config.seed = 4
    Traceback (most recent call last):
    ...
    ValueError: Config: frozen, so 'seed' cannot be changed
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuses changes from now on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allows changes again."""
        object.__setattr__(self, "_frozen", False)

    def _check_open(self, name: object) -> None:
        if self._frozen:
            raise ValueError(f"Config: frozen, so {name!r} cannot be changed")

    def as_dict(self) -> dict[str, Any]:
        """The values in a new dictionary."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        import json

        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Names with values."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """The value of a name, or ``value`` if it has none."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Removes a name and returns its value, as ``dict.pop`` does."""
        self._check_open(args[0] if args else None)
        return self._config.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values, as ``dict.update`` does."""
        values = dict(*args, **kwargs)
        for name in values:
            self._check_open(name)
        self._config.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(
                f"Config: '{name}' is the name of a method: config['{name}'] = ..."
            )
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_config", {})
        if name in values:
            return values[name]
        import difflib

        close = difflib.get_close_matches(name, values, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise AttributeError(f"Config: no value '{name}'.{hint}")

    def __setitem__(self, key: str, item: Any) -> None:
        self._check_open(key)
        self._config[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        self._check_open(key)
        del self._config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
