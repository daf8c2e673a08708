"""Sphinx builds the documentation from docs/ and from the docstrings: `make docs`, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow_provider_getty import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "airflow-provider-getty"
author = "The airflow-provider-getty authors"
project_copyright = author
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_llms_txt",
    "_ext.signatures",
]
exclude_patterns = ["_ext"]
nitpicky = True
# What belongs to other projects: no inventory of theirs is fetched.
nitpick_ignore_regex = [("py:.*", r"(?!airflow_provider_getty|getty_emulator).*"), ("py:.*", r".*\._\w+")]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 4  # as on a forge: #too-many-pending-generations

add_module_names = False
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True

html_theme = "furo"
pygments_dark_style = "github-dark"  # the default one underlines every module
html_title = "Getty Images for Airflow"
html_logo = "integration-logos/airflow-provider-getty.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
copybutton_exclude = ".linenos, .gp, .go"

llms_txt_title = "airflow-provider-getty"
llms_txt_summary = (
    "Apache Airflow provider for the Getty Images AI Generator: operators, a sensor, triggers, decorators and a hook "
    "that generate and edit images and pay for each generation once, and a local emulator of Getty's API."
)
