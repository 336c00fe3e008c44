# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin takes what the modules take, from the same variables of the environment."""

from __future__ import annotations

import re

import yaml

from ansible_collections.multinet.gke.plugins.doc_fragments.google import ModuleDocFragment
from ansible_collections.multinet.gke.plugins.inventory import gke_clusters
from ansible_collections.multinet.gke.plugins.module_utils import options


def test_plugins_read_the_variables_that_modules_read() -> None:
    environment = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    assert {name: [each["name"] for each in option["env"]] for name, option in environment.items()} == {
        name: option["fallback"][1] for name, option in options.google().items()
    }


def test_what_says_as_whom_google_is_asked_may_be_a_template() -> None:
    access = options.google().keys() - {"scopes"} - {name for name in options.google() if name.endswith("_endpoint")}
    assert set(gke_clusters.TEMPLATED) == access | {"projects"}


def test_each_example_is_a_document_that_says_what_it_is() -> None:
    documents = list(yaml.safe_load_all(gke_clusters.EXAMPLES))
    assert len(documents) > 1
    known = yaml.safe_load(gke_clusters.DOCUMENTATION)["options"].keys()
    for text, document in zip(gke_clusters.EXAMPLES.split("\n---\n"), documents, strict=True):
        assert re.match(r"\s*# \S", text), text
        assert document["plugin"] == gke_clusters.InventoryModule.NAME
    assert {"projects", "locations", "names", "statuses", "labels", "multinet_only", "hostname", "on_failure"} <= {
        key for document in documents for key in document
    } & known
