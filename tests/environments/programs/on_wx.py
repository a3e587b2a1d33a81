"""wx: dialogues and event loops, with `CallAfter` as the host."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import wx

application = wx.App()
frame = wx.Frame(None)
frame.Show()


def host() -> object:
    return SimpleNamespace(post=wx.CallAfter)


def run(start: Callable[[], object]) -> None:
    wx.CallAfter(start)
    application.MainLoop()


def stop() -> None:
    frame.Destroy()  # the last window


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    return wx.CallLater(max(round(seconds * 1000), 1), call).Stop


def dialog(opens: Callable[[Callable[[], object]], object]) -> None:
    window = wx.Dialog(frame)
    opens(lambda: window.EndModal(wx.ID_OK))
    window.ShowModal()
    window.Destroy()


def loop(opens: Callable[[Callable[[], object]], object]) -> None:
    inner = wx.GUIEventLoop()
    opens(inner.Exit)
    inner.Run()
