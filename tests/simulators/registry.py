"""Which vendors are simulated: every module of `vendors/` that has a `Vendor` of its own."""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

from tests.simulators import vendors
from tests.simulators.vendor import Vendor


def _found() -> Iterator[type[Vendor]]:
    for name in sorted(module.name for module in pkgutil.iter_modules(vendors.__path__)):
        module = import_module(f"{vendors.__name__}.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Vendor) and value.__module__ == module.__name__:
                yield value


# In the order of names, which is that of the ports after `--first-port`.
VENDORS: Mapping[str, type[Vendor]] = {vendor.name: vendor for vendor in _found()}
