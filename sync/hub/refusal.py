"""What is wrong with an order to the hub, said to the person who gave it."""

from __future__ import annotations


class Refusal(Exception):
    """An order that the hub does not carry out; the text says why in one line.

    For wrong input, unknown records, acts that are not allowed. Never for a mistake
    in the program: that is to be seen with its traceback.
    """


class CodedRefusal(Refusal):
    """One that pages say in their own words: `code` names them, `params` fill them."""

    def __init__(self, code: str, text: str, **params: object) -> None:
        super().__init__(text)
        self.code = code
        self.params = params
