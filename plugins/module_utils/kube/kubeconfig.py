# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig, read by the kubernetes library, and read again when its credentials are refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import AccessError
from ..libraries import library
from ..secrecy import logins


class Kubeconfig:
    """One context of a kubeconfig."""

    def __init__(self, path: str | None, context: str | None, tmpdir: str, hide: Callable[..., None]) -> None:
        """Take which one.

        :param path: None for the library's default (KUBECONFIG, ~/.kube/config).
        :param tmpdir: a private folder for what the library wants as files.
        :param hide: is told what nobody shall see.
        """
        self._path, self._context, self._tmpdir, self._hide = path, context, tmpdir, hide

    def __str__(self) -> str:
        return f"the kubeconfig{f' {self._path}' if self._path else ''}"

    def load(self, configuration: Any) -> None:
        """Read it into the library's Configuration; token files are read, and exec plugins run, once more.

        :raises AccessError: it cannot be read, has no such context, or its exec plugin gives no credentials.
        """
        config, yaml = library("kubernetes.config.kube_config", "kubernetes"), library("yaml", "PyYAML")
        with _logged() as complaints:
            try:
                config.load_kube_config(
                    config_file=self._path,
                    context=self._context,
                    client_configuration=configuration,
                    persist_config=False,
                    temp_file_path=self._tmpdir,
                )
            except yaml.YAMLError as error:
                # Its text quotes the file, which holds secrets.
                line = f" (line {mark.line + 1})" if (mark := getattr(error, "problem_mark", None)) else ""
                raise AccessError(f"the kubeconfig cannot be used: it is no YAML{line}") from None
            # The last two are what the library makes of a file with a text or a list where a mapping should be.
            except (config.ConfigException, OSError, ValueError, TypeError, AttributeError) as error:
                raise AccessError(f"the kubeconfig cannot be used: {error}") from error
        self._hide(configuration.password, *logins(configuration.host), *logins(configuration.proxy))
        if complaints:
            raise AccessError(
                f"the exec plugin of {self} gives no credentials ({complaints[0]}); run its command by hand to see why"
            )

    def headers(self, configuration: Any) -> dict[str, str]:
        """Return the authorization header as the library would send it; it runs exec plugins again in time.

        The token of a kubeconfig (or its user and password, encoded) is under the first name, in older versions of the
        library under the second one.
        """
        with _logged():
            names = ("BearerToken", "authorization")
            value = next(filter(None, map(configuration.get_api_key_with_prefix, names)), None)
        if not value:
            return {}
        self._hide(value.rpartition(" ")[2])  # without the scheme: "Bearer TOKEN"
        return {"authorization": value}


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect what the library logs: of an exec plugin that fails it says so in no other way.

    A plugin's own words may hold what nobody else shall see, so only the library's are kept.
    """
    complaints: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            """Keep the library's words."""
            complaints.append(record.getMessage().partition(". ")[0].splitlines()[0])

    collector = Collector(logging.ERROR)
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield complaints
    finally:
        root.removeHandler(collector)
