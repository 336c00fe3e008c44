# SPDX-License-Identifier: Apache-2.0
"""What is no label and no tag: Google's own labels, Kubernetes' labels of nodes, network tags."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gkelab.cloud import invented
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.references import NAME

_LONGEST = 63
_MOST_LABELS = 64
# Kubernetes documentation, labels: an optional DNS prefix, then at most 63 letters, digits, dashes, dots, underscores.
_NODE_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_NODE_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NODE_WORD}")
_NODE_VALUE = re.compile(rf"(?:{_NODE_WORD})?")


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels of a Google resource that break the documented rules: 64 at most, lower case, 63 characters."""
    for number, (key, value) in enumerate(labels.items()):
        is_key = key[:1].isalpha() and _is_word(key)
        if number >= _MOST_LABELS or not is_key or not _is_word(value):
            raise bad_request(invented.LABEL.format(key=key, value=value))


def check_node_config(config: Json) -> None:
    """Refuse a node's labels as Kubernetes does, its resource labels, and its tags: they are as names of resources."""
    check_labels(config.get("resourceLabels", {}))
    for key, value in config.get("labels", {}).items():
        if not _NODE_KEY.fullmatch(key) or not _NODE_VALUE.fullmatch(value):
            raise bad_request(invented.LABEL.format(key=key, value=value))
    for tag in config.get("tags", ()):
        if not NAME.fullmatch(tag):
            raise bad_request(invented.TAG.format(tag=tag))


def _is_word(text: str) -> bool:
    """Tell whether all characters may be in a label: lower case letters of any script, digits, dashes, underscores."""
    return len(text) <= _LONGEST and all(sign in "-_" or (sign.isalnum() and sign == sign.lower()) for sign in text)
