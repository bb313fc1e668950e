"""The software bill of materials of a Bento, `sbom.cdx.json`: CycloneDX 1.6, the same bytes for the same Bento.

    bill          `Bill`: what a Bento consists of, gathered from a draft
    document      the CycloneDX document of a bill, and the source in it
    ├── python        Python packages by platform, the Bento's own wheels
    ├── system        packages of the distribution and of conda
    ├── models        models                                          ── card   what they say of themselves
    ├── images        base images
    ├── licences      SPDX expressions told from other words          ── spdx   the identifiers that are known
    ├── purl          package URLs
    └── fields        the small parts that components are made of

No time, no serial number drawn by lot, no order that depends on its inputs'. Pure: nothing here reads a file.
"""
