"""The native window: a thin client that shows a server's board, and alarms its person."""

from opsknight.desktop.window import CannotOpen, run, run_with_server, whole_address

__all__ = ["CannotOpen", "run", "run_with_server", "whole_address"]
