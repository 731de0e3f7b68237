"""OpsKnight: incidents and on call, in one process on one PostgreSQL."""

import zoneinfo

# Python asks the machine for its zones first, and machines are old: one that had not heard of the clock changes that
# Canada gave up in 2026 would hand over an hour late there. What we were installed with (tzdata) is all that counts.
zoneinfo.reset_tzpath(to=())
