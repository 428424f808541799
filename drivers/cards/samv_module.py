"""What a SAM_V module can be asked, one answer each."""

from __future__ import annotations

from drivers.api import DeviceLost
from drivers.codecs.samv.commands import Command, Status, parse_content, status_words
from drivers.codecs.samv.frames import Reply, Request, reply_finder
from drivers.codecs.samv.text import IdentityCard, parse_card
from drivers.exchange import Exchange, Question
from drivers.transports import Transport

#: With these the module says that it will not work, whatever it was asked.
_OUT_OF_ORDER = frozenset({Status.SELF_TEST, Status.NOT_AUTHORISED})
#: What the module may say when it was told to find a card and works.
_FOUND_OR_NOT = frozenset({Status.CARD_FOUND, Status.NO_CARD})


def _question(command: Command, never: Status) -> Question[Reply]:
    """`never`: the status of an answer to something else."""
    return Question(Request(command).encode(), lambda reply: reply.status != never)


#: No other command ends well without data, so nothing late is taken for its answer.
_STATUS: Question[Reply] = Question(
    Request(Command.STATUS).encode(),
    lambda reply: reply.status in _OUT_OF_ORDER or reply == Reply(Status.OK),
)
_FIND = _question(Command.FIND_CARD, never=Status.OK)
_SELECT = _question(Command.SELECT_CARD, never=Status.CARD_FOUND)
_READ = _question(Command.READ_TEXT_PHOTO, never=Status.CARD_FOUND)
_READ_NEW_ADDRESS = _question(Command.READ_NEW_ADDRESS, never=Status.CARD_FOUND)


class SamvModule:
    """Each question raises NoAnswer, or DeviceLost the third time in a row."""

    def __init__(
        self,
        transport: Transport,
        name: str,
        *,
        timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        """The transport stays the caller's, but for `close`."""
        self._name = name
        self._read_timeout_s = read_timeout_s
        self._exchange = Exchange(
            transport, name, reply_finder, _STATUS, timeout_s=timeout_s, personal=True
        )

    def check(self) -> None:
        """Prove that a module answers; one that is out of order raises DeviceLost."""
        self._ask(_STATUS)

    def find_and_select(self) -> bool:
        """Whether a card was found, and is selected now."""
        status = self._ask(_FIND).status
        if status not in _FOUND_OR_NOT:
            raise DeviceLost(f"{self._name}: find card: {status_words(status)}")
        if status == Status.NO_CARD:
            return False
        return self._ask(_SELECT).status == Status.OK

    def read_selected(self) -> IdentityCard | None:
        """The card, or None when it could not be read.

        Raises BadFrame for a card that makes no sense; no error tells what is on it.
        """
        reply = self._ask(_READ, timeout_s=self._read_timeout_s)
        if reply.status != Status.OK:
            return None
        return parse_card(parse_content(reply.data).text)

    def holds_selected(self) -> bool:
        """Whether the card that was read still lies there."""
        status = self._ask(_READ_NEW_ADDRESS).status
        return status in (Status.OK, Status.NO_SUCH_CONTENT)

    def close(self) -> None:
        """Twice is fine."""
        self._exchange.close()

    def _ask(
        self, question: Question[Reply], *, timeout_s: float | None = None
    ) -> Reply:
        reply = self._exchange.ask(question, timeout_s=timeout_s)
        if reply.status in _OUT_OF_ORDER:
            raise DeviceLost(f"{self._name}: {status_words(reply.status)}")
        return reply
