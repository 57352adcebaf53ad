"""Sphinx's settings of the book. `book/site.py` lays its sources out and hands them over."""

project = html_title = "EdgeLab"
author = "The EdgeLab authors"
copyright = "The EdgeLab authors, Apache License 2.0"
language = "en"

extensions = ["myst_nb", "sphinx.ext.githubpages"]  # the second: a file that lets GitHub Pages serve `_static`
root_doc = "index"
nb_execution_mode = "off"  # `book/executed.py` runs the notebooks
nb_merge_streams = True
nb_ipywidgets_js = {}  # these would come from elsewhere; `book/widgets.py` leaves none that need them
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline", "colon_fence"]
suppress_warnings = ["myst.header"]  # a README may begin a list of commands where it likes

html_theme = "sphinx_book_theme"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}  # as the reader's system has it
html_sidebars = {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]}
html_extra_path = ["_extra"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = ""
html_theme_options = {
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "toc_title": "On this page",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
