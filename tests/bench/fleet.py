# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's stages of the site playbook for 1, 10 and 50 clusters that are as they should be, and how many forks help.

The lab answers at once; against Google, where an answer takes its time, more forks help more than is shown here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fleets import GOOGLE, fleet, names_of

from .goals import Figure, figure, reading
from .measure import Command, Series, Spread, each_round, ratio
from .stage import ORDINARY, Found, Stage, say, stage

SIZES = (1, 10, 50)
FORKS = 10
OTHER_FORKS = (5, 20)
GAIN = 0.95  # more forks are worth it if they bring the time below this share


def measure(rounds: int, sizes: Sequence[int] = SIZES) -> Found:
    """Measure a fleet that shares a project.

    :param sizes: how many clusters; of the last one all are made.
    """
    with stage("api", "--time-factor", "0") as at:
        say(f"making {sizes[-1]} clusters")
        _run(at, sizes[-1], sizes[-1]).run()
        commands = {_directly(size): _run(at, sizes[-1], size) for size in sizes}
        commands |= {_ordinary(size): _run(at, sizes[-1], size, *ORDINARY) for size in sizes}
        for forks in OTHER_FORKS:
            commands[_with(sizes[-1], forks)] = _run(at, sizes[-1], sizes[-1], "--forks", str(forks))
        asked = {name: at.asked(commands[name]) for name in (_directly(sizes[0]), _directly(sizes[-1]))}
        series = at.turns(commands, rounds)
    return Found(_figures(series, *sizes[-2:], first=sizes[0]), series.costs, asked)


def _run(at: Stage, clusters: int, these: int, *arguments: str) -> Command:
    names = names_of(clusters)
    waves = json.dumps({"multinet_waves": ["100%"]})
    some = ("--forks", str(FORKS), "--limit", ",".join(names[:these]), "-e", waves)
    return at.site(fleet("bench", names), *GOOGLE.split(), *some, *arguments)


def _directly(clusters: int) -> str:
    return f"{clusters} clusters, directly"


def _ordinary(clusters: int) -> str:
    return f"{clusters} clusters, ordinary modules"


def _with(clusters: int, forks: int) -> str:
    return f"{_directly(clusters)}, {forks} forks"


def _figures(series: Series, few: int, many: int, first: int) -> list[Figure]:
    def growth(name_of: Mapping[int, str]) -> Spread:
        costs = series.cpu(name_of[many]), series.cpu(name_of[few])
        return Spread.of(each_round(lambda more, less: (more / many) / (less / few), *costs))

    directly, ordinary = ({size: name(size) for size in (first, few, many)} for name in (_directly, _ordinary))
    walls = {FORKS: series.wall(directly[many])}
    walls |= {forks: series.wall(_with(many, forks)) for forks in OTHER_FORKS}
    sizes = f"{many} / {few}"
    return [
        figure("fleet/ordinary", ratio(series.cpu(directly[many]), series.cpu(ordinary[many])), f"{many}"),
        figure("direct growth", growth(directly), sizes),
        figure("fleet growth", growth(ordinary), sizes),
        figure(
            "fleet memory",
            ratio(series.rss(directly[many]), series.rss(directly[first])),
            f"{many} / {first}, directly",
        ),
        figure(
            "fleet memory",
            ratio(series.rss(ordinary[many]), series.rss(ordinary[first])),
            f"{many} / {first}, ordinary modules",
        ),
        reading("forks after which more bring nothing", Spread.of([recommended(walls)]), "forks"),
    ]


def recommended(walls: Mapping[int, Sequence[float]]) -> int:
    """Return the number of forks after which more bring nothing.

    :param walls: how long it took by the number of forks, round by round.
    """
    medians = {forks: Spread.of(walls[forks]).median for forks in sorted(walls)}
    best, *others = medians
    for forks in others:
        if medians[forks] < GAIN * medians[best]:
            best = forks
    return best
