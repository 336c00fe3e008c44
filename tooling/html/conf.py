# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes pages of the modules' documentation (make docs). Nothing is fetched."""

project = "multinet.gke"
author = "multinet.gke contributors"
project_copyright = f"2026, {author}"

extensions = ["sphinx_antsibull_ext"]
nitpicky = True
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {}, "documentation_home_url": "index.html"}
html_short_title = project
html_show_sphinx = False
html_use_index = False
html_copy_source = False
