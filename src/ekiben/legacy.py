"""`ekiben.legacy`: where BentoML keeps the classic style. The names are those of `ekiben` itself."""

from __future__ import annotations

from ekiben.frameworks.runnable import Runnable
from ekiben.frameworks.runner import Runner
from ekiben.serving.classic.service import Service

__all__ = ["Runnable", "Runner", "Service"]
