"""Which class plays which role."""

from lib.factory.abstract_factory import AbstractFactory
from lib.factory.custom_factory import CustomFactory
from lib.factory.live_factory import LiveFactory
from lib.factory.local_factory import LocalFactory
from lib.factory.make_factory import make_factory
from lib.factory.sandbox_factory import SandboxFactory

__all__ = [
    "AbstractFactory",
    "LiveFactory",
    "SandboxFactory",
    "LocalFactory",
    "CustomFactory",
    "make_factory",
]
