"""The one exception that a command turns into a single line and exit status 2, and which errors of the disk become it."""

import errno

# A write that did not fit: on the disk, in the quota, or under the limit on a file's size.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UserError(Exception):
    """A mistake that the user can mend.

    Its message is one line that names the key or file at fault and says what to do. Everything else that escapes a
    command is a bug and keeps its traceback.
    """
