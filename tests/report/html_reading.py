"""A page as a browser takes it apart."""

import base64
from html.parser import HTMLParser


class Page(HTMLParser):
    """Elements with their attributes, in order, and the text between them; styles aside."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self._inside = [], "", []
        self.tables, self._cell = [], None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data):
        if "style" in self._inside:
            return
        self.text += data
        if self._cell:
            self.tables[-1][-1][-1] += data

    def values(self, name):
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    def row(self, name):
        """The first table row that begins with `name`."""
        return next(row for table in self.tables for row in table if row[0] == name)


def image(address):
    """The document behind a data address."""
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/svg+xml"
    return base64.b64decode(data).decode()
