"""A view as HTML: the whole page for a browser that comes, <main> for every change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from kiosk.view import LineState, View
from ui.qr import qr_svg
from ui.security import PageToken
from ui.wording import Param, Wording, Words, plain

STATIC = Path(__file__).parent / "static"


class Shown(msgspec.Struct, frozen=True):
    """What a stream event and the answer to a touch carry, as JSON."""

    revision: int
    step: str
    screen: str
    html: str


class Pages:
    """Renders views with the templates of the environment. Safe from any thread."""

    def __init__(
        self, templates: jinja2.Environment, wording: Wording, token: PageToken
    ) -> None:
        self._templates = templates
        self._wording = wording
        templates.undefined = jinja2.StrictUndefined
        templates.filters["plain"] = plain
        icons = _icons(STATIC / "icons")
        templates.globals.update(
            icon=icons.__getitem__,
            csrf=token.value,
            version=_version(STATIC),
            qr=qr_svg,
        )

    def page(self, view: View) -> str:
        """Return the whole document."""
        words = self._words(view)
        main = Markup(self.main(view))  # noqa: S704  (rendered by a template of ours)
        return self._render("page.html", words=words, t=words.t, main=main)

    def trouble(self, view: View) -> str:
        """Return a document that asks for a moment and then goes home."""
        words = self._words(view)
        return self._render("trouble.html", words=words, t=words.t)

    def main(self, view: View) -> str:
        """Return the <main> element."""
        words = self._words(view)
        others = [
            (locale, self._wording.text(locale, "language.name", {}))
            for locale in self._wording.locales
            if locale != words.locale
        ]
        return self._render(
            f"{view.screen}.html",
            view=view,
            words=words,
            t=words.t,
            say=words.say,
            do=words.do,
            languages=others,
            outcome=_outcome(view),
            turned_away=_turned_away(view),
            slip_lines=[words.say(line) for line in view.slip.lines]
            if view.slip
            else [],
        )

    def shown(self, view: View) -> bytes:
        """Return the JSON of a change, on one line."""
        return msgspec.json.encode(
            Shown(view.revision, view.step, view.screen, self.main(view))
        )

    def _render(self, template: str, **context: object) -> str:
        return self._templates.get_template(template).render(context)

    def _words(self, view: View) -> Words:
        known: dict[str, Param] = {
            "site": view.site.short_name or view.site.name,
            "phone": view.site.phone,
            "keeper": view.site.keeper,
        }
        return Words(self._wording, self._wording.known(view.locale), known)


def _outcome(view: View) -> str:
    """Sum a list up in one picture: the worst that needs the reader comes first."""
    states = {line.state for line in view.books}
    if view.put_back or LineState.PUT_BACK in states:
        return "put_back"
    if LineState.REFUSED in states:
        return "partial" if LineState.OK in states else "refused"
    return "ok" if states == {LineState.OK} else "open"


def _turned_away(view: View) -> bool:
    """Tell whether this patron can borrow nothing, whatever is laid on the pad."""
    no_more = view.patron is not None and view.patron.remaining <= 0
    return no_more and view.notice is not None


def _icons(folder: Path) -> dict[str, Markup]:
    """Read the pictures to be set into the page, so that none flickers in later."""
    return {
        path.stem: Markup(path.read_text("utf-8").strip())  # noqa: S704  (files of ours)
        for path in folder.glob("*.svg")
    }


def _version(folder: Path) -> str:
    """Return a short hash of all static files; it makes their addresses change."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
