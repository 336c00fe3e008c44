# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the page looks. A module takes Python files only along to where it runs, so this is one."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --bg: light-dark(#f5f6f8, #0e1318);
  --card: light-dark(#ffffff, #161c24);
  --sunk: light-dark(#eef1f4, #1d2530);
  --ink: light-dark(#17202b, #e7ecf2);
  --soft: light-dark(#505c69, #a3afbc);
  --line: light-dark(#d9dee5, #2c3744);
  --accent: light-dark(#0a5cb8, #7db8ff);
  --well: light-dark(#1a6e33, #74d293);
  --well-bg: light-dark(#e3f3e7, #14301f);
  --warn: light-dark(#7a4b00, #f0c05a);
  --warn-bg: light-dark(#fdf0cf, #35290d);
  --bad: light-dark(#b01e14, #ff988e);
  --bad-bg: light-dark(#fce7e5, #3d1816);
  --none: light-dark(#505c69, #a3afbc);
  --none-bg: light-dark(#e9edf1, #232c37);
  --well-fill: light-dark(#43a463, #4fae70);
  --warn-fill: light-dark(#dd9f1d, #d9a233);
  --bad-fill: light-dark(#d6453a, #e0655b);
  --none-fill: light-dark(#8c98a5, #6d7a88);
  --fill: light-dark(#2f7fd6, #4a90dd);
  --fill-2: light-dark(#8bb8ea, #33629a);
  --fill-3: light-dark(#c6dcf5, #274364);
  --net-0: light-dark(#5f6b78, #94a1ae);
  --net-1: light-dark(#0a6fc2, #64b0ff);
  --net-2: light-dark(#0f7f6f, #4fd0bd);
  --net-3: light-dark(#7a4bc4, #bb99ff);
  --net-4: light-dark(#b3530b, #ffab66);
  --net-5: light-dark(#ad2f7d, #ff8ccb);
  --mono: ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  --radius: 10px;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 4rem; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main, .bar > div { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-bottom: 4rem; }
h1, h2, h3, h4, h5 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 1.6rem 0 .2rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .7rem; }
h3 { font-size: .95rem; margin: 0 0 .6rem; }
h4 { font-size: .95rem; margin: 0 0 .6rem; }
h5 { font-size: .9rem; margin: 1rem 0 .3rem; }
p { margin: .3rem 0; max-width: 70ch; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
code, .mono { font-family: var(--mono); font-size: .88em; }
bdi { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.small { font-size: .86rem; }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 3; padding: .5rem .9rem; background: var(--card); }
.skip:focus { top: .5rem; }

.bar { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div { display: flex; gap: 1.1rem; align-items: center; min-height: 2.9rem; }
.bar nav { display: flex; gap: 1.1rem; flex: 1; min-width: 0; }
.bar a { text-decoration: none; padding: .3rem 0; }
.bar a:hover { text-decoration: underline; }
button, input, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px;
  padding: .3rem .65rem; min-height: 2.1rem; max-width: 100%;
}
input, select { border-color: var(--soft); }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }

.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: 1rem 1.1rem; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.2rem 0 0; padding: 0;
}
.tiles > div {
  background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: .75rem .95rem;
}
.tiles dt { color: var(--soft); font-size: .84rem; }
.tiles dd {
  margin: 0; font-size: 1.55rem; font-weight: 620; letter-spacing: -.02em; font-variant-numeric: tabular-nums;
}
.tiles dd.small { font-size: .84rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.strip { display: block; width: 100%; height: .7rem; margin: 1.2rem 0 .5rem; border-radius: 99px; }
.key {
  display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0; margin: .4rem 0; list-style: none; font-size: .86rem;
}
.key li { display: flex; align-items: center; gap: .4rem; }
.key svg { flex: none; }

.badge {
  display: inline-block; padding: .06rem .5rem; border-radius: 99px; font-size: .8rem; font-weight: 600;
  overflow-wrap: anywhere;
}
.is-well { color: var(--well); background: var(--well-bg); }
.is-doubtful, .is-warn { color: var(--warn); background: var(--warn-bg); }
.is-failing, .is-fail { color: var(--bad); background: var(--bad-bg); }
.is-incomplete, .is-skip { color: var(--none); background: var(--none-bg); }
.is-incomplete { outline: 1.5px dashed currentColor; outline-offset: -1.5px; }

.tools { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin-bottom: .7rem; }
.tools[hidden] { display: none; }
.tools label { display: grid; gap: .15rem; font-size: .84rem; color: var(--soft); min-width: 0; }
.tools output { font-size: .86rem; color: var(--soft); padding-bottom: .35rem; }
.wide {
  position: relative; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: var(--radius);
}
.wide + .key, .wide + p { margin-top: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: start; padding: .38rem .65rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { background: var(--sunk); white-space: nowrap; font-size: .84rem; vertical-align: middle; }
tbody tr:last-child > * { border-bottom: 0; }
th[scope="row"] { font-weight: 600; min-width: 9rem; }
td .badge { white-space: nowrap; }
td { white-space: nowrap; }
td.text { white-space: normal; min-width: 16rem; }
td.number, th.number { text-align: end; }
th button { border: 0; background: none; padding: 0; min-height: 1.6rem; font-weight: 600; white-space: nowrap; }
th button::after { content: "\\2195"; margin-inline-start: .35rem; color: var(--soft); }
th[aria-sort="ascending"] button::after { content: "\\2191"; color: var(--accent); }
th[aria-sort="descending"] button::after { content: "\\2193"; color: var(--accent); }
tr[hidden] { display: none; }
.gauge { display: inline-block; vertical-align: middle; margin-inline-end: .5rem; }

.plain > * { min-width: 0; }
.plain { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.columns { grid-template-columns: repeat(auto-fit, minmax(min(27rem, 100%), 1fr)); gap: 1.1rem 1.6rem; }
.finding { border-inline-start: 4px solid var(--none-fill); padding: .1rem 0 .1rem .8rem; }
.finding.fail { border-color: var(--bad-fill); }
.finding.warn { border-color: var(--warn-fill); }
.finding p { white-space: pre-line; }
.finding .do::before { content: "\\2192\\00a0"; color: var(--accent); font-weight: 700; }
.finding ul { margin: .3rem 0; padding-inline-start: 1.2rem; }

details.cluster {
  background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); margin-bottom: .7rem;
}
details.cluster > summary {
  padding: .7rem 1.1rem; display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: center; cursor: pointer;
  list-style-position: inside;
}
details.cluster > summary::before { content: "\\25b8"; color: var(--soft); }
details.cluster[open] > summary::before { content: "\\25be"; }
details.cluster > summary h3 { margin: 0; font-size: 1.08rem; }
details.cluster[open] > summary { border-bottom: 1px solid var(--line); }
.inside { padding: 1rem 1.1rem 1.2rem; display: grid; gap: 1.6rem; grid-template-columns: minmax(0, 1fr); }
.inside > section { min-width: 0; }
details.data { margin-top: .5rem; font-size: .9rem; }
details.data > summary { cursor: pointer; color: var(--accent); width: fit-content; }
details.data[open] > summary { margin-bottom: .5rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.4rem, 1fr)); gap: .5rem 1.2rem; margin: 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.drift { margin: 0; padding: 0; list-style: none; display: grid; gap: .25rem; }
.drift li { display: flex; gap: .6rem; align-items: baseline; }
.drift span { min-width: 0; overflow-wrap: anywhere; }
.drift .badge { flex: 0 0 auto; max-width: 40%; color: var(--accent); background: var(--sunk); }

.wide > svg { display: block; margin: .7rem; }
svg text { fill: var(--ink); font: 12px var(--mono); }
svg .lead { font-weight: 600; }
svg .quiet { fill: var(--soft); }
svg .box { fill: var(--card); stroke: var(--line); }
svg .chip { fill: var(--sunk); stroke: var(--line); }
svg .rail { stroke-width: 4; stroke-linecap: round; fill: none; }
svg .tap { stroke-width: 2; fill: none; }
svg .dot { stroke: var(--card); stroke-width: 2; }
svg .n0 { stroke: var(--net-0); } svg .d0 { fill: var(--net-0); }
svg .n1 { stroke: var(--net-1); } svg .d1 { fill: var(--net-1); }
svg .n2 { stroke: var(--net-2); } svg .d2 { fill: var(--net-2); }
svg .n3 { stroke: var(--net-3); } svg .d3 { fill: var(--net-3); }
svg .n4 { stroke: var(--net-4); } svg .d4 { fill: var(--net-4); }
svg .n5 { stroke: var(--net-5); } svg .d5 { fill: var(--net-5); }
svg .live { fill: var(--fill); }
svg .orphan { fill: url(#stripes); stroke: var(--bad); }
svg .unknown { fill: url(#dots); stroke: var(--warn); }
svg .reserved { fill: url(#bars); stroke: var(--net-3); }
svg .run { fill: none; stroke-width: 22; stroke-dasharray: 22 3; }
svg .run.free { stroke: var(--sunk); } svg .run.live, svg .run.share-3 { stroke: var(--fill); }
svg .run.share-2 { stroke: var(--fill-2); } svg .run.share-1 { stroke: var(--fill-3); }
svg .run.orphan { stroke: url(#stripes); } svg .run.unknown { stroke: url(#dots); }
svg .run.reserved { stroke: url(#bars); }
svg .run.unused { stroke: var(--soft); stroke-width: 2; stroke-dasharray: 8 17; stroke-dashoffset: -7; }
svg .run.given { stroke: var(--accent); stroke-width: 3; }
svg .block { fill: none; stroke: var(--accent); stroke-width: 1.5; }
svg .well { fill: var(--well-fill); } svg .doubtful { fill: var(--warn-fill); }
svg .failing { fill: var(--bad-fill); } svg .incomplete { fill: var(--none-fill); }
svg .track { fill: var(--none-bg); }
.patterns { position: absolute; width: 0; height: 0; }
.patterns .on-bad { fill: var(--bad-bg); } .patterns .line-bad { stroke: var(--bad); stroke-width: 2.4; }
.patterns .on-warn { fill: var(--warn-bg); } .patterns .dot-warn { fill: var(--warn); }
.patterns .on-net { fill: var(--card); } .patterns .line-net { stroke: var(--net-3); stroke-width: 2.4; }

table.heat { width: auto; }
table.heat td { text-align: center; padding: .34rem .5rem; min-width: 4.4rem; border: 2px solid var(--card); }
table.heat th { border: 2px solid var(--card); }
table.heat thead th { text-align: center; }
.heat-1 { background: light-dark(#d3efdc, #16402a); color: light-dark(#14592b, #8be0a8); }
.heat-2 { background: light-dark(#dfeab8, #34401a); color: light-dark(#35600f, #b5dd84); }
.heat-3 { background: light-dark(#f1e3a4, #4a4212); color: light-dark(#5c5200, #e5d768); }
.heat-part { background: var(--warn-bg); color: var(--warn); outline: 2px dashed currentColor; }
.heat-none { background: var(--bad-bg); color: var(--bad); outline: 2px solid currentColor; }
.heat-part, .heat-none { font-weight: 700; outline-offset: -3px; }
.heat-off { color: var(--soft); }
.swatch { width: 1.1rem; height: 1.1rem; border-radius: 3px; border: 1px solid var(--line); flex: none; }
footer {
  color: var(--soft); font-size: .86rem; margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem;
}

@media (max-width: 40rem) {
  main, .bar > div { padding-inline: .8rem; }
  .inside { padding: .9rem .8rem; }
  .bar > div, .bar nav { gap: .7rem; }
  .bar nav { overflow-x: auto; }
  h1 { font-size: 1.4rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media (forced-colors: active) { .badge, .swatch, .finding { border: 1px solid; } svg { forced-color-adjust: none; } }
@media print {
  :root, :root[data-theme] { color-scheme: light; font-size: 11px; }
  @page { margin: 14mm; }
  body { background: none; font-size: 1rem; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .bar, .tools, .skip, .back { display: none; }
  main { max-width: none; padding: 0; }
  .wide { overflow: visible; border: 0; }
  .wide > svg { width: 100%; height: auto; margin: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details.cluster { border: 0; break-inside: auto; }
  details.cluster > summary { padding-inline: 0; border-bottom: 1px solid var(--line); }
  .inside { padding: .6rem 0; }
  td { white-space: normal; overflow-wrap: anywhere; padding: .2rem .35rem; }
  table { font-size: .85rem; }
  thead th, th button { white-space: normal; }
  th[scope="row"] { min-width: 0; }
  th button::after { display: none; }
  section, .finding, tr, .tiles > div { break-inside: avoid; }
  section.long { break-inside: auto; }
  h2, h3, h4, h5 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
