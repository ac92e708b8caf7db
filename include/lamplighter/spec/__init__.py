"""The spec of a model: what it may say, and how a file is read and checked."""

from lamplighter.spec.load import InvalidSpecError, Problem, line_of, load_spec, spec_paths
from lamplighter.spec.model import ModelSpec

__all__ = ["InvalidSpecError", "ModelSpec", "Problem", "line_of", "load_spec", "spec_paths"]
