"""The subscriber's client: annotated alerts as they come, from a time, the last ones, or on from where it left off.

::

    from consumers.client import subscribe

    with subscribe("sosia.ztf.annotated.v1", "kafka.example.org:9092", where="epoch.problematic") as alerts:
        for alert in alerts:
            stamps = alert.stamps()
            print(alert.annotation["objectId"], stamps.science.shape)
"""

from consumers.client.alert import Alert, Stamps, Unreadable
from consumers.client.expression import compile_expression
from consumers.client.subscription import Alerts, subscribe

__all__ = ["Alert", "Alerts", "Stamps", "Unreadable", "compile_expression", "subscribe"]
