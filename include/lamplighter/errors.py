"""The errors Lamplighter raises, each also the builtin that fits it.

A message says what was found, what was expected and what to do. Lower case, no full stop.
"""

from __future__ import annotations


class LamplighterError(Exception):
    """Anything that Lamplighter itself says is wrong. The CLI prints it without a traceback."""


class SpecError(LamplighterError, ValueError):
    """A spec file cannot be used as it is."""


class UsageError(LamplighterError, ValueError):
    """A command or a form was given a value that cannot be used."""


class DataError(LamplighterError, ValueError):
    """The data that a night read is not what the spec promises. Trying again will not help."""


class SourceUnavailableError(LamplighterError, ConnectionError):
    """A source did not answer. Trying again may help."""


class TimeTravelError(LamplighterError, LookupError):
    """Something asked for what was not known yet at its `as_of`."""


class NoChampionError(DataError):
    """Nobody was champion at the time that was asked for."""


class ArtifactError(LamplighterError, OSError):
    """A stored artifact is missing, or is not the one that was written."""


class ArtifactStoreUnavailableError(ArtifactError):
    """The artifact store could not be written to. Trying again may help."""


class LedgerError(LamplighterError, RuntimeError):
    """The ledger cannot do what was asked, for a reason that lies in its content or its schema."""


class LedgerUnavailableError(LamplighterError, ConnectionError):
    """The ledger's database did not answer. Trying again may help."""


class StaleReleaseError(LedgerError):
    """The champion changed, or time went on, since the decision was made."""


class FrozenError(LedgerError):
    """Somebody froze the model: nothing may become champion until it is unfrozen."""


class RegistryError(LamplighterError, RuntimeError):
    """The model registry holds something other than the ledger says."""


class RegistryUnavailableError(LamplighterError, ConnectionError):
    """The model registry did not answer. Trying again may help."""


class NotTellableError(LamplighterError, RuntimeError):
    """A message could not be sent. Its text holds no secret, so it may be logged."""


class BackupError(LamplighterError, ValueError):
    """A folder is no backup, or one that is not whole."""


class TrainingError(LamplighterError, RuntimeError):
    """No model could be fitted on the examples of this night."""


RETRYABLE = (
    SourceUnavailableError,
    ArtifactStoreUnavailableError,
    RegistryUnavailableError,
    LedgerUnavailableError,
)
"""What may pass by itself; everything else in this module is the same on the next try."""
