"""Views on a terminal."""

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from codelm_jax.evals.view import View
from codelm_jax.evals.wording import capitalised


def show(view: View) -> Group:
    """The tables of a view, without its appendices."""
    shown = []
    for table in view.tables:
        if table.folded:
            continue
        drawn = Table(
            title=escape(capitalised(table.caption)),
            caption=escape(table.note),
            title_justify="left",
            caption_justify="left",
        )
        for number, head in enumerate(table.heads):
            drawn.add_column(escape(head), justify="left" if number == 0 else "right", overflow="fold")
        for row in table.rows:
            # A bracket would be markup.
            drawn.add_row(*map(escape, row))
        shown.append(drawn)
    return Group(*shown)
