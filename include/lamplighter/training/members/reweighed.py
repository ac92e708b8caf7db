"""A member that was fitted on balanced classes, with that taken off its probabilities again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Member
from lamplighter.training.target import Floats


@dataclass(frozen=True)
class Reweighed:
    r"""A member whose probabilities are put back to the shares of classes in the data.

    Where class :math:`k` counted :math:`w_k` times as much, a member estimates probabilities
    proportional to :math:`w_k p_k`; divided by :math:`w_k` and normed again they are :math:`p_k`
    [1]_.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
    """

    member: Member
    balance: tuple[float, ...]

    @property
    def rounds(self) -> int | None:
        """How many trees the member grew one after another."""
        return self.member.rounds

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        """Return P(positive), shape (n_rows,), or probabilities (n_rows, n_classes)."""
        predicted = self.member.predict(X, threads=threads)
        if predicted.ndim == 1:
            negative, positive = (1 - predicted) / self.balance[0], predicted / self.balance[1]
            return np.asarray(positive / (negative + positive))
        shares = predicted / np.asarray(self.balance)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
