"""The exception for mistakes of the user (one line, exit status 2), the disk errors treated like it, and hints."""

import difflib
import errno
from collections.abc import Iterable, Mapping
from typing import cast

# errno of a write that did not fit: disk full, quota exceeded, file size limit.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UserError(Exception):
    """A mistake that the user can fix.

    The message is one line that names the key or file and says what to do. Any other exception that leaves a command
    is a bug and keeps its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)` with the most similar of the known names; empty where none is similar enough.

    A mapping gives the form in which each name is shown.
    """
    shown = cast(Mapping[str, str], known) if isinstance(known, Mapping) else {name: name for name in known}
    nearest = difflib.get_close_matches(word, shown, n=1)
    return f" (did you mean {shown[nearest[0]]}?)" if nearest else ""
