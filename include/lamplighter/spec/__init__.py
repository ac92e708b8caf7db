"""The spec of a model: what it may say, and how a file is read and checked."""

from lamplighter.spec.model import ModelSpec

__all__ = ["ModelSpec"]
