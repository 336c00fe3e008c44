# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is publicly known of the pinned libraries."""

from __future__ import annotations

import re

from .running import ROOT, GateFailed, GateSkipped, Tree, run

LOCK = ROOT / "tooling" / "requirements.txt"


def vulnerabilities(tree: Tree) -> None:
    """No pinned package has a known vulnerability; the database is osv.dev, which uv asks once for all of them."""
    pins = re.findall(r"^([\w.-]+==[^\\\n]*)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    named = "".join(f"#   '{pin.strip()}',\n" for pin in (each.replace("'", '"') for each in pins))
    script = tree.root / "pins.py"
    script.write_text(f"# /// script\n# requires-python = '>=3.11'\n# dependencies = [\n{named}# ]\n# ///\n")
    try:
        run(tree.root, "uv", "audit", "--preview-features", "audit-command", "--script", script, UV_HTTP_RETRIES="0")
    except GateFailed as failure:
        if "error sending request for url (https://api.osv.dev" in str(failure):
            raise GateSkipped("osv.dev, which knows of vulnerabilities, does not answer here") from failure
        raise
