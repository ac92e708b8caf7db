"""The features of the flights model: what is known of a flight two hours before it is to leave.

Not among them, since they become known later: when the flight itself left and landed, its delays
and its time in the air. Nor its tail number: every flight without one was cancelled. Nor the day of
the year: trees learn the days of the past by heart from it (on the last fortnight of June 2013 it
lowers the area under the ROC curve from .79 to .76).
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from lamplighter.data.asof import AsOfView

_ZONE = "America/New_York"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MINUTES_PER_DAY = 24 * 60
_MEASURED = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]


def flight_features(examples: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Describe each flight by its plan, the weather, today's traffic and how often it was late.

    Parameters
    ----------
    examples : DataFrame
        Rows of the table ``schedule``, with ``event_time`` and ``prediction_time``.
    view : AsOfView
        With the tables ``schedule``, ``departures``, ``arrivals`` and ``weather``.

    Returns
    -------
    DataFrame, one row per flight, with the examples' index
        Minutes of the day are local to the airport; delays are in minutes, rates in [0, 1].
    """
    parts = [
        _plan(examples),
        _weather(examples, view),
        _traffic(examples, view),
        _late_rates(examples, view),
    ]
    return pd.concat(parts, axis=1)


def _plan(flights: pd.DataFrame) -> pd.DataFrame:
    local = flights["event_time"].dt.tz_convert(_ZONE)
    departure = (local.dt.hour * 60 + local.dt.minute).astype("int64")
    arrival = flights["scheduled_arrival_minute"]
    return pd.DataFrame(
        {
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"],
            "weekday": local.dt.day_of_week.astype("int64"),
            "departure_minute": departure,
            "arrival_minute": arrival,
            # Between two local clocks: the zones differ by a constant per destination.
            "scheduled_minutes": (arrival - departure) % _MINUTES_PER_DAY,
        }
    )


def _weather(flights: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return the last report, which is of three hours before departure or a little earlier."""
    return view.latest(
        "weather", flights, by=["origin"], columns=_MEASURED, max_age=6 * _HOUR
    ).add_prefix("weather_")


def _traffic(flights: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return how the day goes until now at the airport, for the carrier and at the destination."""
    here, ours, there = ["origin"], ["origin", "carrier"], ["dest"]

    def delay(by: list[str], hours: int) -> pd.Series[float]:
        return view.window("departures", flights, by=by, value="delay_minutes", since=hours * _HOUR)

    def backlog(by: list[str]) -> pd.Series[float]:
        planned = view.window("schedule", flights, by=by, since=4 * _HOUR, aggregate="count")
        return planned - view.window(
            "departures", flights, by=by, since=4 * _HOUR, aggregate="count"
        )

    return pd.DataFrame(
        {
            "origin_delay_2h": delay(here, 2),
            "origin_delay_6h": delay(here, 6),
            "carrier_delay_2h": delay(ours, 2),
            "origin_backlog": backlog(here),
            "carrier_backlog": backlog(ours),
            "origin_planned": view.window(
                "schedule", flights, by=here, since=0 * _HOUR, until=-2 * _HOUR, aggregate="count"
            ),
            "dest_late_12h": view.window(
                "arrivals", flights, by=there, value="late", since=12 * _HOUR
            ),
            "all_late_8h": view.window("arrivals", flights, by=[], value="late", since=8 * _HOUR),
        }
    )


def _late_rates(flights: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return the share of late flights among those whose end is known by now."""
    rates = {
        "carrier_late_7d": (["carrier"], 7 * _DAY),
        "dest_late_28d": (["dest"], 28 * _DAY),
        "route_late": (["carrier", "dest"], None),
        "flight_late_28d": (["flight_number"], 28 * _DAY),
    }
    return pd.DataFrame(
        {
            name: view.window("arrivals", flights, by=by, value="late", since=since)
            for name, (by, since) in rates.items()
        }
    )
