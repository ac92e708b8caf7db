"""The features of the payments model: what is known of a synthetic payment when it is made.

Of frauds only those count that were charged back by then, which takes 30 days at least. Customers
and merchants are described by what they did, never by their numbers: a model that knows them by
heart knows nothing of new ones.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from lamplighter.data.asof import AsOfView

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_KNOWN_AFTER = 45 * _DAY


def payment_features(examples: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Describe each payment by itself, its customer's past and its merchant's known frauds.

    Parameters
    ----------
    examples : DataFrame
        Rows of the table ``payments``, with ``event_time`` and ``prediction_time``.
    view : AsOfView
        With the tables ``payments`` and ``outcomes``.

    Returns
    -------
    DataFrame, one row per payment, with the examples' index
        Amounts in the currency of the stream, times in hours, rates in [0, 1].
    """
    return pd.concat(
        [_payment(examples), _customer(examples, view), _merchant(examples, view)], axis=1
    )


def _payment(payments: pd.DataFrame) -> pd.DataFrame:
    paid_at = payments["event_time"].dt
    return pd.DataFrame(
        {
            "amount": payments["amount"],
            "category": payments["category"],
            "country": payments["country"],
            "card_country": payments["card_country"],
            "channel": payments["channel"],
            "new_device": payments["new_device"],
            "abroad": payments["country"] != payments["card_country"],
            "hour": (paid_at.hour + paid_at.minute / 60).astype("float64"),
            "weekday": paid_at.day_of_week.astype("int64"),
        }
    )


def _customer(payments: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return what the customer did before: the windows end a second before the payment."""

    def past(since: timedelta, *, by: str = "", value: str | None = None) -> pd.Series[float]:
        return view.window(
            "payments",
            payments,
            by=["customer_id", *([by] if by else [])],
            value=value,
            since=since,
            until=_SECOND,
            aggregate="count" if value is None else "mean",
        )

    usual = past(90 * _DAY, value="amount")
    return pd.DataFrame(
        {
            "payments_1h": past(_HOUR),
            "payments_24h": past(_DAY),
            "payments_30d": past(30 * _DAY),
            "mean_amount_1h": past(_HOUR, value="amount"),
            "mean_amount_90d": usual,
            "amount_ratio": np.log(payments["amount"] / usual),
            "same_category_90d": past(90 * _DAY, by="category"),
            "same_country_90d": past(90 * _DAY, by="country"),
            "same_channel_90d": past(90 * _DAY, by="channel"),
            "same_merchant_90d": past(90 * _DAY, by="merchant_id"),
        }
    )


def _merchant(payments: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return what is known by now of frauds at the merchant, and at all merchants of its kind."""
    frauds_known = view.window(
        "outcomes", payments, by=["merchant_id"], value="fraud", since=90 * _DAY, aggregate="sum"
    )
    return pd.DataFrame(
        {
            "merchant_payments_24h": view.window(
                "payments",
                payments,
                by=["merchant_id"],
                since=_DAY,
                until=_SECOND,
                aggregate="count",
            ),
            # Younger payments are known by their frauds alone, and would make the rate 1.
            "merchant_fraud_rate": view.window(
                "outcomes",
                payments,
                by=["merchant_id"],
                value="fraud",
                since=135 * _DAY,
                until=_KNOWN_AFTER,
            ),
            "merchant_frauds_90d": frauds_known,
        }
    )
