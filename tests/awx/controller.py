# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller in memory: of AWX's REST API, what awx.awx asks for, with the rules that AWX has for what it is given.

It answers as AWX 24 does where a client can tell: fields that are not given have AWX's defaults, others are ignored,
secrets come back as "$encrypted$", a survey and a saved prompt are refused for the same reasons.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Row = dict[str, Any]

API = "/api/v2/"
TOKEN = "a-token-of-the-controller"
ENCRYPTED = "$encrypted$"
GOOGLE, KUBERNETES = "Google Compute Engine", "OpenShift or Kubernetes API Bearer Token"
SECRETS = {GOOGLE: {"ssh_key_data"}, KUBERNETES: {"bearer_token", "ssl_ca_cert"}}
ANSWERS = {"text": str, "textarea": str, "multiplechoice": str, "multiselect": str, "integer": int}

NAMED: Row = {"name": "", "description": "", "organization": None}
ASKED = ("inventory", "limit", "verbosity", "variables", "job_type", "diff_mode", "tags", "job_slice_count")
# The prompts that nodes and schedules may save, and what a template says if it takes them.
PROMPTS = {
    "inventory": "ask_inventory_on_launch",
    "limit": "ask_limit_on_launch",
    "verbosity": "ask_verbosity_on_launch",
    "job_type": "ask_job_type_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "job_tags": "ask_tags_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
}
SAVED: Row = {**dict.fromkeys(PROMPTS), "extra_data": {}, "unified_job_template": None}
LINKS = ("success_nodes", "failure_nodes", "always_nodes")


@dataclass(frozen=True)
class Kind:
    """One kind of object: its type, its fields with their defaults, and what can be associated with it."""

    type: str
    fields: Row
    associations: tuple[str, ...] = ()


KINDS = {
    "organizations": Kind("organization", {"name": "", "description": ""}),
    "credential_types": Kind("credential_type", {"name": "", "kind": "cloud"}),
    "credentials": Kind("credential", {**NAMED, "credential_type": None, "inputs": {}}),
    "execution_environments": Kind("execution_environment", {**NAMED, "image": "", "pull": "", "credential": None}),
    "instance_groups": Kind("instance_group", {"name": "", "is_container_group": False, "credential": None}),
    "projects": Kind(
        "project",
        {**NAMED, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_clean": False, "credential": None},
    ),
    "inventories": Kind("inventory", {**NAMED, "kind": "", "host_filter": None, "variables": ""}),
    "inventory_sources": Kind(
        "inventory_source",
        {
            "name": "",
            "description": "",
            "inventory": None,
            "source": "",
            "source_project": None,
            "source_path": "",
            "credential": None,
            "execution_environment": None,
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
        },
    ),
    "job_templates": Kind(
        "job_template",
        {
            **NAMED,
            **{f"ask_{each}_on_launch": False for each in ASKED},
            "job_type": "run",
            "project": None,
            "playbook": "",
            "inventory": None,
            "execution_environment": None,
            "forks": 0,
            "extra_vars": "",
            "survey_enabled": False,
            "job_slice_count": 1,
            "allow_simultaneous": False,
        },
        ("credentials", "instance_groups"),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **NAMED,
            **{f"ask_{each}_on_launch": False for each in ("inventory", "limit", "variables")},
            "extra_vars": "",
            "survey_enabled": False,
        },
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {**SAVED, "workflow_job_template": None, "identifier": "", "all_parents_must_converge": False},
        LINKS,
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {"name": "", "description": "", "timeout": 0}),
    "schedules": Kind("schedule", {**SAVED, "name": "", "description": "", "rrule": "", "enabled": True}),
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": UNIFIED,
}


class Refused(Exception):
    """The controller does not take what it was given (HTTP 400)."""


class Missing(Exception):
    """There is no such thing (HTTP 404)."""


@dataclass
class Controller:
    """What the controller has."""

    playbooks: frozenset[str]  # that its projects have
    url: str = ""
    tables: dict[str, dict[int, Row]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    surveys: dict[int, Row] = field(default_factory=dict)
    associated: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    secrets: dict[int, Row] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)  # "POST projects/", and so on
    _last: int = 0

    def __post_init__(self) -> None:
        """Have what each controller has from the beginning."""
        self.create("organizations", {"name": "Default"})
        self.create("credential_types", {"name": GOOGLE})
        self.create("credential_types", {"name": KUBERNETES, "kind": "kubernetes"})

    def named(self, kind: str, name: str) -> Row:
        """Return the object of a kind with a name; exactly one has it."""
        (found,) = [row for row in self.tables[kind].values() if row["name"] == name]
        return found

    def create(self, kind: str, given: Row) -> Row:
        """Make an object."""
        self._last += 1
        row = {"id": self._last, "type": KINDS[kind].type, **KINDS[kind].fields}
        self._set(kind, row, given)
        self.tables[kind][self._last] = row
        return row

    def change(self, kind: str, row: Row, given: Row) -> Row:
        """Change an object."""
        self._set(kind, row, given)
        return row

    def _set(self, kind: str, row: Row, given: Row) -> None:
        new = {**row, **{key: value for key, value in given.items() if key in KINDS[kind].fields}}
        for key, tables in REFERENCES.items():
            if new.get(key) is not None and not any(new[key] in self.tables[table] for table in tables):
                raise Refused(f"{key}: object {new[key]!r} does not exist")
        if "name" in new and not new["name"]:
            raise Refused("name: this field may not be blank")
        if kind == "credentials":
            self._keep_secrets(new)
        elif kind == "job_templates":
            new["organization"] = self.tables["projects"][new["project"]]["organization"]
            if new["playbook"] not in self.playbooks:
                raise Refused(f"playbook: not found for project: {new['playbook']}")
            json.loads(new["extra_vars"] or "{}")
        elif kind in ("workflow_job_template_nodes", "schedules"):
            self._check_prompts(new)
        if kind == "schedules":
            _check_rule(new["rrule"])
        row.update(new)

    def _keep_secrets(self, new: Row) -> None:
        secret = SECRETS[self.tables["credential_types"][new["credential_type"]]["name"]]
        kept = self.secrets.setdefault(new["id"], {})
        kept.update({key: value for key, value in new["inputs"].items() if key in secret and value != ENCRYPTED})
        new["inputs"] = {key: ENCRYPTED if key in secret else value for key, value in new["inputs"].items()}

    def _check_prompts(self, new: Row) -> None:
        template = next(
            (self.tables[kind][new["unified_job_template"]] for kind in UNIFIED
             if new["unified_job_template"] in self.tables[kind]), {},
        )  # fmt: skip
        for prompt, ask in PROMPTS.items():
            if new[prompt] is not None and not template.get(ask):
                raise Refused(f"{prompt}: field is not configured to prompt on launch")
        known = {each["variable"] for each in self.surveys.get(template.get("id", 0), {}).get("spec", [])}
        if set(new["extra_data"]) - known and not template.get("ask_variables_on_launch"):
            raise Refused(f"extra_data: variables {sorted(set(new['extra_data']) - known)} are not allowed on launch")

    def shown(self, kind: str, row: Row) -> Row:
        """Return an object as the API shows it."""
        url = f"{API}{kind}/{row['id']}/"
        related = {"survey_spec": f"{url}survey_spec/"} if kind.endswith("job_templates") else {}
        if kind == "workflow_job_template_nodes" and row["unified_job_template"]:
            (table,) = [each for each in UNIFIED if row["unified_job_template"] in self.tables[each]]
            related["unified_job_template"] = f"{API}{table}/{row['unified_job_template']}/"
        summary = {"current_update": {"id": row["id"]}} if kind == "projects" else {}
        return {**row, "url": url, "related": related, "summary_fields": summary, "scm_revision": "0" * 40}

    def found(self, kind: str, query: Row) -> list[Row]:
        """Return the objects of a kind that a query asks for."""
        tables = UNIFIED[:-1] if kind == "unified_job_templates" else (kind,)
        rows = [self.shown(table, row) for table in tables for row in self.tables[table].values()]
        either = {key.removeprefix("or__"): value for key, value in query.items() if key.startswith("or__")}
        every = {key: value for key, value in query.items() if not key.startswith("or__")}
        return [
            row
            for row in rows
            if all(str(row.get(key)) == value for key, value in every.items())
            and (not either or any(str(row.get(key)) == value for key, value in either.items()))
        ]

    def answer(self, method: str, path: str, query: Row, body: Row) -> tuple[int, Any]:
        """Return status and answer of a request; the path is what follows /api/v2/."""
        kind, number, part = (*path.strip("/").split("/"), "", "")[:3]
        if method != "GET" and kind != "tokens":
            self.writes.append(f"{method} {path}")
        if kind == "project_updates":
            return 200, {"status": "successful", "failed": False, "finished": "2026-01-01T00:00:00Z"}
        if not number:
            if method == "POST":
                return 201, self.shown(kind, self.create(kind, body))
            rows = self.found(kind, query)
            return 200, {"count": len(rows), "next": None, "previous": None, "results": rows}
        row = self.tables[kind].get(int(number))
        if row is None:
            raise Missing(path)
        if part:
            return self._part(kind, row, part, method, body)
        return 200, self.shown(kind, self.change(kind, row, body) if method == "PATCH" else row)

    def _part(self, kind: str, row: Row, part: str, method: str, body: Row) -> tuple[int, Any]:
        """Answer for what belongs to an object: a survey, associations, the template of an approval."""
        if part == "survey_spec" and kind.endswith("job_templates"):
            if method == "POST":
                check_survey(body)
                self.surveys[row["id"]] = body
            return 200, self.surveys.get(row["id"], {})
        if part == "create_approval_template" and kind == "workflow_job_template_nodes" and method == "POST":
            made = self.create("workflow_approval_templates", body)
            row["unified_job_template"] = made["id"]
            return 201, self.shown("workflow_approval_templates", made)
        if part not in KINDS[kind].associations:
            raise Missing(part)
        table = kind if part in LINKS else part
        ids = self.associated.setdefault((row["id"], part), [])
        if method == "POST":
            if body["id"] not in self.tables[table]:
                raise Refused(f"{part}: object {body['id']} does not exist")
            (ids.remove if body.get("disassociate") else ids.append)(body["id"])
            return 204, None
        rows = [self.shown(table, self.tables[table][each]) for each in ids]
        return 200, {"count": len(rows), "next": None, "previous": None, "results": rows}


def check_survey(survey: Row) -> None:
    """Refuse a survey that AWX refuses.

    :raises Refused: and why.
    """
    if not isinstance(survey.get("name"), str) or not isinstance(survey.get("description"), str):
        raise Refused("a survey needs name and description")
    if not survey.get("spec"):
        raise Refused("a survey needs questions")
    for question in survey["spec"]:
        variable, kind, default = question["variable"], question["type"], question.get("default", "")
        if not isinstance(question["question_name"], str) or not isinstance(question["required"], bool):
            raise Refused(f"{variable}: question_name is a text, required a truth value")
        if default != "" and not isinstance(default, ANSWERS[kind]):
            raise Refused(f"{variable}: the default is no {kind}")
        if kind in ("multiplechoice", "multiselect") and set(default.splitlines()) - set(question["choices"]):
            raise Refused(f"{variable}: the default is none of the choices")
    variables = [question["variable"] for question in survey["spec"]]
    if len(set(variables)) < len(variables):
        raise Refused(f"a variable is asked for twice: {variables}")


def _check_rule(rule: str) -> None:
    start, _, recurrence = rule.partition(" ")
    if not (start.startswith("DTSTART:") and start.endswith("Z") and recurrence.startswith("RRULE:FREQ=")):
        raise Refused(f"rrule: {rule}")
    if "INTERVAL=" not in recurrence:
        raise Refused(f"rrule: INTERVAL required: {rule}")


@contextmanager
def serving(controller: Controller) -> Iterator[Controller]:
    """Serve a controller while the context lasts."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "{}")
            url = urlsplit(self.path)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, {"detail": "Authentication credentials were not provided."})
                return
            with lock:
                try:
                    path = url.path.removeprefix(API)
                    status, answer = controller.answer(self.command, path, dict(parse_qsl(url.query)), body)
                except Refused as refused:
                    status, answer = 400, {"error": str(refused)}
                except Missing as missing:
                    status, answer = 404, {"detail": str(missing)}
            self._send(status, answer)

        def _send(self, status: int, answer: Any) -> None:
            data = b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def do_PATCH(self) -> None:
            self._handle()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        controller.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield controller
        finally:
            server.shutdown()
