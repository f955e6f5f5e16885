"""A verb of the room that says no: its code goes back to whoever asked, and nothing has changed."""


class Refused(Exception):
    """`code` is a word of the protocol, never content; the browser has the sentence for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
