# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of an installation say, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Problems
from ..texts import is_label, is_object_name, texts
from . import crds, images, multusconf
from .images import GKE, Version
from .multus import Identity, Installation
from .multus_live import config_text, described, layout_of
from .multus_presets import Settings, choices, guide, overlaid
from .multus_rules import check_given, check_settings, doubts

Object = dict[str, Any]

SETTINGS = (
    *("multus_image", "whereabouts_image", "config", "cni_bin_dir", "gc", "resources", "node_selector", "node_pools"),
    *("tolerations", "priority_class", "max_unavailable", "image_pull_secrets", "init_order", "rbac"),
)
# They differ between the layouts, so those of a live installation of another layout say nothing.
OF_A_LAYOUT = ("multus_image", "whereabouts_image", "resources", "init_order", "rbac")

_DURATION = re.compile(r"(\d+)([smhdw]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Wanted:
    """What was asked for; what was not given is not in it, and is taken from the cluster, a preset or the guide."""

    given: Settings = field(default_factory=dict)
    preset: str | None = None
    layout: str | None = None
    identity: Identity = field(default_factory=Identity)
    version: Version | None = None  # of Whereabouts, where the image does not tell
    schema: str = "auto"
    manages_crds: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    token_max_age: int | None = None  # seconds
    restart: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Wanted:
        """Return what the options say.

        :raises InvalidOptions: with all that is wrong in them.
        """
        problems = Problems()
        definitions = params["crds"] or {}
        wanted = cls(
            given=_given(params),
            preset=params["preset"],
            layout=params["layout"],
            identity=_identity(problems, params),
            version=_version(problems, params["whereabouts_version"]),
            schema=definitions.get("schema") or "auto",
            manages_crds=definitions.get("manage") is not False,
            labels=texts(params["labels"]) or {},
            token_max_age=_duration(problems, params["token_max_age"]),
            restart=params["restart"],
        )
        layout = wanted.layout or GKE
        check_given(problems, wanted.given, layout)
        if not problems:
            wanted._check(problems, wanted._settings(layout, {}), layout)
        problems.raise_if_any()
        return wanted

    @property
    def is_exact_about_roles(self) -> bool:
        """Tell whether the roles were spoken of, so that broader ones are not good enough."""
        return self.preset is not None or "rbac" in self.given

    @property
    def speaks_of_kubeconfig(self) -> bool:
        """Tell whether the nodes' kubeconfig was given."""
        return self.preset is not None or "kubeconfig" in self.given.get("config", {})

    def installation(self, live: list[Object]) -> Installation:
        """Return what is to be there, together with what stands in a cluster and was not spoken of.

        :param live: the live objects of the installation, as far as there are any.
        :raises InvalidOptions: what was given does not go together with what is there.
        """
        daemon_set = next((each for each in live if each["kind"] == "DaemonSet"), None)
        found = layout_of(daemon_set)
        layout = self.layout or found or GKE
        said = described(live)
        if found is not None and found != layout:
            said = {option: value for option, value in said.items() if option not in OF_A_LAYOUT}
            said["gc"] = {key: value for key, value in said["gc"].items() if key not in ("enabled", "placement")}
        settings = self._settings(layout, said)
        problems = Problems()
        self._check(problems, settings, layout)
        problems.raise_if_any()
        version = self._version_in(settings)
        config_map = next((each for each in live if each["kind"] == "ConfigMap" and config_text(each)), None)
        return Installation.of(
            settings,
            identity=self.identity,
            layout=layout,
            whereabouts=version,
            schema=self._schema_for(version, live),
            manages_crds=self.manages_crds,
            labels=self.labels,
            others=multusconf.unspoken(config_text(config_map)),
        )

    def warnings(self, wanted: Installation) -> Iterator[str]:
        """Yield what is allowed, and perhaps not meant."""
        yield from doubts(wanted, self.given)

    def _settings(self, layout: str, said: Settings) -> Settings:
        """Return a value for every option: what was given over the preset over what is said over the guide."""
        image = self.given.get("whereabouts_image") or said.get("whereabouts_image") or images.WHEREABOUTS[layout]
        version = self.version or images.version_of(image)
        once = layout != GKE and (version or images.HAS_A_RECONCILER) >= images.HAS_A_RECONCILER
        base = guide(layout, has_reconciler=once)
        if set(said.get("config", ())) - {"conf_file"}:  # what a configuration does not say, it does not say on purpose
            base["config"] = {"conf_file": base["config"]["conf_file"]}
        chosen = choices(self.preset, layout, has_reconciler=once) if self.preset else {}
        return overlaid(base, said, chosen, self.given)

    def _version_in(self, settings: Settings) -> Version | None:
        return self.version or images.version_of(settings["whereabouts_image"])

    def _schema_for(self, version: Version | None, live: list[Object]) -> str:
        """Return the schema of the definitions: the one that fits, or that is there if nobody knows which fits."""
        if self.schema != "auto":
            return self.schema
        if version:
            return images.schema_for(version)
        name = crds.ip_pool(crds.GUIDE)["metadata"]["name"]
        return next((crds.schema_of(each) for each in live if each["metadata"]["name"] == name), crds.GUIDE)

    def _check(self, problems: Problems, settings: Settings, layout: str) -> None:
        check_settings(problems, settings, layout, self._version_in(settings), self.schema)


def _given(params: Mapping[str, Any]) -> Settings:
    """Return the options that were given, without those inside of them that were not."""
    given: Settings = {}
    for option in SETTINGS:
        value = params[option]
        if option in ("config", "gc"):
            value = {key: each for key, each in (value or {}).items() if each is not None} or None
        if option == "node_selector":
            value = texts(value)
        if value is not None:
            given[option] = value
    return given


def _identity(problems: Problems, params: Mapping[str, Any]) -> Identity:
    names = {key: params[key] for key in ("name", "namespace", "service_account")}
    for option, name in names.items():
        if not (is_label if option != "service_account" else is_object_name)(name):
            problems.add(option, name, "is no name for an object: a-z, 0-9 and -")
    return Identity(**names)


def _version(problems: Problems, text: str | None) -> Version | None:
    if text is None:
        return None
    try:
        return images.parse_version(text)
    except ValueError as error:
        problems.add("whereabouts_version", text, str(error))
        return None


def _duration(problems: Problems, text: str | None) -> int | None:
    """Return the seconds of "90", "12h" or "30d"."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        problems.add("token_max_age", text, "is not a duration; write for example 12h or 30d")
        return None
    return int(match[1]) * _SECONDS[match[2]]
