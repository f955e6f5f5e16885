"""The engine that DATABASES names: Django's own, asking an idle connection nothing that its socket tells already."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Is the kept connection still there? An idle one is silent; what a server says unasked is its farewell.

        No round trip, so that each page may look before its first question. What is cut without a word is found by
        that question, as it would be a moment later.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)
