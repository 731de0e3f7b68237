"""What a carrier tells of a message while our own call that hands it over is not written down yet.

Whoever stands beside us may be that quick. It is waited for; what is still early then must be told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from opsknight.api.again import again
from opsknight.deps import Deps
from opsknight.domain.queries.replies import under_way

PAUSES_S: Final = (0.3, 1.0, 2.0)
"""Between two looks at whether it is written."""


async def noted(deps: Deps, notification_id: UUID, once: Callable[[], Awaitable[bool]]) -> bool:
    """Do `once`, which notes what is told and says whether that was news; again where the message is being sent.

    False where it is being sent all the while and nothing was news: then it must be told again.
    """
    for pause_s in (*PAUSES_S, None):
        async with deps.reading() as session:
            is_early = await under_way(session, notification_id)
        if await again(once) or not is_early:
            return True
        if pause_s is not None:
            await asyncio.sleep(pause_s)
    return False
