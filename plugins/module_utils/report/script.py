# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page can do beyond showing: sort and filter the fleet, open a cluster that a link leads to, light and dark.

Without it the page shows the same; what needs it is hidden until it runs.
"""

from __future__ import annotations

SCRIPT = """
"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const dark = () => (root.dataset.theme || system()) === "dark";
  const name = () => { theme.textContent = dark() ? "Light colours" : "Dark colours"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  theme.hidden = false;
  name();

  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();

  const table = document.getElementById("clusters");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const value = (row, column) => row.cells[column].dataset.sort || row.cells[column].textContent;
  const compare = (a, b) => (isNaN(a) || isNaN(b)) ? a.localeCompare(b, undefined, {numeric: true}) : a - b;
  [...table.tHead.rows[0].cells].forEach((cell, column, cells) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const up = cell.getAttribute("aria-sort") !== "ascending";
      cells.forEach((each) => each.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort((a, b) => (up ? 1 : -1) * compare(value(a, column), value(b, column)));
      body.append(...rows);
    });
  });

  const text = document.getElementById("filter");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const filter = () => {
    const wanted = text.value.toLowerCase();
    let count = 0;
    for (const row of rows) {
      const named = row.textContent.toLowerCase().includes(wanted);
      const fits = named && (!state.value || row.dataset.state === state.value);
      row.hidden = !fits;
      document.getElementById(row.dataset.details).hidden = !fits;
      count += fits;
    }
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
  };
  text.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("tools").hidden = false;
})();
"""
