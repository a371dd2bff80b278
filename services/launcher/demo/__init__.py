"""The demo: the embedded platform, and a value promise walked through it by REST calls only."""

from services.launcher.demo.run import run_demo

__all__ = ["run_demo"]
