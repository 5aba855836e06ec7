"""Loads, capacities and what is shed, as metrics."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from gslb.capacity import Capacities, Gauge
from gslb.model import PoolKey

_FAMILIES = {
    "load": "The load told last, in the unit of the capacity.",
    "capacity": "The limit of the capacity.",
    "shed_ratio": "The share of clients sent to the next tier, 0 to 1.",
    "load_time_seconds": "When the load was told, unix time.",
}


def capacity_metrics(capacities: Capacities) -> Iterator[Metric]:
    """Give every metric of capacities."""
    for name, words in _FAMILIES.items():
        pools = GaugeMetricFamily(f"gslb_pool_{name}", words, labels=["vip", "datacenter"])
        sites = GaugeMetricFamily(f"gslb_datacenter_{name}", words, labels=["datacenter"])
        for gauge in capacities.gauges:
            value = _value(gauge, name)
            if value is not None and isinstance(gauge.place, PoolKey):
                pools.add_metric(list(gauge.place), value)
            elif value is not None:
                sites.add_metric([str(gauge.place)], value)
        yield pools
        yield sites
    short = GaugeMetricFamily(
        "gslb_pool_live_members",
        "Live members of the pools that are down because they have fewer than min_live.",
        labels=["vip", "datacenter"],
    )
    for key, (live, _) in capacities.short().items():
        short.add_metric(list(key), live)
    yield short


def _value(gauge: Gauge, name: str) -> float | None:
    if name == "capacity":
        return gauge.capacity.limit
    if name == "shed_ratio":
        return gauge.share
    if gauge.load is None:
        return None
    return gauge.load.value if name == "load" else gauge.load.at
