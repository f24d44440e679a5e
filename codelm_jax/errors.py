"""Mistakes of the user: the exception that becomes one line and exit status 2, disk errors that become it, and hints."""

import difflib
import errno
from collections.abc import Iterable, Mapping
from typing import cast

# A write that did not fit: on the disk, in the quota, or under the limit on a file's size.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UserError(Exception):
    """A mistake that the user can mend.

    Its message is one line that names the key or file at fault and says what to do. Everything else that escapes a
    command is a bug and keeps its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)` with the most similar of the known names; empty where none is similar enough.

    A mapping says how each name is to be shown.
    """
    shown = cast(Mapping[str, str], known) if isinstance(known, Mapping) else {name: name for name in known}
    nearest = difflib.get_close_matches(word, shown, n=1)
    return f" (did you mean {shown[nearest[0]]}?)" if nearest else ""
