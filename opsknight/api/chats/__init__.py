"""What chats call when somebody presses a button there: a route for each, at /api/v1/chats/….

No session vouches for these calls: each chat proves itself by what its operator set (`Deps.proofs`), before
anything that it says is looked at. A call without proof gets 401 and no hint.
"""

from opsknight.api.chats.routes import router

__all__ = ["router"]
