"""`Scheme`: where in the image's environment a member of a wheel goes. Pure.

As `sysconfig` has it for virtual environments: Python below `lib/pythonX.Y/site-packages` whatever the platform (each
interpreter looks there, also one whose own folder is `lib64`), headers below `include/site/pythonX.Y/<name>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.packager.image.native.wheels.dist_info import DistInfo
from ekiben.packager.image.native.wheels.refused import Refused

# What makes the environment one, and what of it is a link: no wheel replaces these.
_OWN = re.compile(r"bin/python(3(\.\d+)?)?|pyvenv\.cfg|(lib|lib64|bin|include)")
_LINK_TO_LIB = "lib64/"  # in an environment of a 64-bit Linux


@dataclass(frozen=True, slots=True)
class Scheme:
    """The environment at `prefix`, a path as entries have it, for the minor version `python` (`3.11`)."""

    prefix: str
    python: str

    @property
    def site_packages(self) -> str:
        """Where Python looks for packages."""
        return f"{self.prefix}/lib/python{self.python}/site-packages"

    @property
    def bin(self) -> str:
        """Where programs are."""
        return f"{self.prefix}/bin"

    @property
    def interpreter(self) -> str:
        """The environment's Python, as scripts name it."""
        return f"/{self.bin}/python"

    def place_of(self, member: str, info: DistInfo) -> str:
        """The path that a member is installed at. Raises Refused for one that has none."""
        folder, _, rest = member.partition("/")
        if folder != info.data_folder:
            return f"{self.site_packages}/{member}"
        key, _, path = rest.partition("/")
        root = self._roots(info).get(key)
        if root is None or not path:
            raise Refused(f"`{member}` in it is for no known place", hint=f"known are {', '.join(self._roots(info))}")
        return self._resolved(f"{root}/{path}")

    def program(self, name: str) -> str:
        """The path of a program of that name. Raises Refused for one that is the environment's own."""
        return self._resolved(f"{self.bin}/{name}")

    def _roots(self, info: DistInfo) -> dict[str, str]:
        return {
            "purelib": self.site_packages,
            "platlib": self.site_packages,
            "scripts": self.bin,
            "headers": f"{self.prefix}/include/site/python{self.python}/{info.name}",
            "data": self.prefix,
        }

    def _resolved(self, path: str) -> str:
        inside = path.removeprefix(f"{self.prefix}/")
        if inside.startswith(_LINK_TO_LIB):
            inside = f"lib/{inside.removeprefix(_LINK_TO_LIB)}"
        if _OWN.fullmatch(inside):
            raise Refused(f"it would replace `{inside}` of the environment")
        return f"{self.prefix}/{inside}"
