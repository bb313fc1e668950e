"""Identifiers of the SPDX licence list that packages of Python, and models, are found to carry.

A list of our own, so that the same lock gives the same bill whatever release of the licence list a library brings.
What is not on it is kept as the licence's name, which loses nothing but the link.
"""

from __future__ import annotations

_LICENCES = """
0BSD AFL-2.1 AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-2.0 BSD-1-Clause
BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-4-Clause BSD-4-Clause-UC
BSL-1.0 Beerware BlueOak-1.0.0 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-4.0 CC-BY-NC-ND-4.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0
CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1 CECILL-2.1 CECILL-B CECILL-C CDLA-Permissive-1.0
CDLA-Permissive-2.0 CDLA-Sharing-1.0 CNRI-Python CPL-1.0 ECL-2.0 EFL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 FSFAP FSFUL
FTL GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only
GPL-3.0-or-later HPND HPND-sell-variant ICU IJG IPL-1.0 ISC JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only
LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later LPPL-1.3c Libpng libpng-2.0 libtiff MIT MIT-0 MIT-CMU
MIT-Modern-Variant MPL-1.0 MPL-1.1 MPL-2.0 MPL-2.0-no-copyleft-exception MS-PL MS-RL MulanPSL-2.0 NAIST-2003 NCSA NTP
ODC-By-1.0 ODbL-1.0 OFL-1.1 OLDAP-2.8 OSL-3.0 OpenSSL PDDL-1.0 PHP-3.01 PSF-2.0 PostgreSQL Python-2.0 Python-2.0.1
QPL-1.0 Ruby SGI-B-2.0 SISSL SSPL-1.0 Sleepycat TCL UPL-1.0 Unicode-3.0 Unicode-DFS-2016 Unlicense Vim W3C WTFPL X11
Xnet ZPL-2.0 ZPL-2.1 Zlib bzip2-1.0.6 curl zlib-acknowledgement
"""
_EXCEPTIONS = """
Autoconf-exception-2.0 Autoconf-exception-3.0 Bison-exception-2.2 Bootloader-exception Classpath-exception-2.0
Font-exception-2.0 GCC-exception-2.0 GCC-exception-3.1 LGPL-3.0-linking-exception LLVM-exception Libtool-exception
Linux-syscall-note OpenSSL-exception PCRE2-exception Qt-LGPL-exception-1.1 Universal-FOSS-exception-1.0
openvpn-openssl-exception u-boot-exception-2.0
"""
LICENCES = frozenset(_LICENCES.split())
EXCEPTIONS = frozenset(_EXCEPTIONS.split())
