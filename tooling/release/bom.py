# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bill of materials: CycloneDX, held to its schema, the same whenever it is written."""

from __future__ import annotations

import hashlib
import pathlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from .commands import Failed

SCHEMA = SchemaVersion.V1_6
PROPERTY = "multinet.gke:"  # names of properties that CycloneDX does not know begin with whose they are


@dataclass(frozen=True)
class Part:
    """Something that an artifact needs, and the parts (their purl) that this needs in turn."""

    purl: PackageURL
    licence: str = ""
    kind: ComponentType = ComponentType.LIBRARY
    files: tuple[str, ...] = ()  # SHA-256 of each file that it may come as
    properties: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[PackageURL] = frozenset()
    direct: bool = True  # the artifact itself needs it


def bill(artifact: pathlib.Path, subject: Part, parts: Iterable[Part], moment: int) -> str:
    """Return the bill of an artifact.

    :raises Failed: it is not what the schema wants.
    """
    whole = hashlib.sha256(artifact.read_bytes()).hexdigest()
    root = component(subject)
    root.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=whole))
    made = {part.purl: (part, component(part)) for part in parts}
    bom = Bom(
        components=[one for _, one in made.values()],
        metadata=BomMetaData(component=root, timestamp=datetime.fromtimestamp(moment, UTC)),
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{subject.purl}#{whole}"),
    )
    bom.register_dependency(root, [one for part, one in made.values() if part.direct])
    for part, one in made.values():
        bom.register_dependency(one, [made[need][1] for need in part.needs])
    text = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    if error := JsonStrictValidator(SCHEMA).validate_str(text):
        raise Failed(f"the bill of {artifact.name} is not valid: {error}")
    return f"{text}\n"


def component(part: Part) -> Component:
    """Return a part in CycloneDX's terms."""
    purl = part.purl
    return Component(
        type=part.kind,
        bom_ref=str(purl),
        group=purl.namespace,
        name=purl.name,
        version=purl.version,
        purl=purl,
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else [],
        properties=[Property(name=PROPERTY + name, value=value) for name, value in part.properties.items()],
        external_references=[_files(part)] if part.files else [],
    )


def _files(part: Part) -> ExternalReference:
    """Return where a package's files are; CycloneDX has no place for the sums of one that comes as any of several."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{part.purl.name}/{part.purl.version}/"),
        comment="sums of all files that it may come as",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in part.files],
    )
