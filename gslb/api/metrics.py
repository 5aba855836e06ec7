"""The metrics, read from the parts at the moment of the scrape."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gslb.api.capacity_metrics import capacity_metrics
from gslb.api.dns_metrics import dns_metrics
from gslb.api.parts import Parts
from gslb.transfer import OUTCOMES, RESULTS


def exposition(parts: Parts) -> bytes:
    """Give every metric in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(parts))
    return generate_latest(registry)


class _Now(Collector):
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        yield from self._node()
        yield from dns_metrics(self._parts.plane)
        yield from self._geography()
        yield from self._transfers()
        yield from self._health()
        yield from capacity_metrics(self._parts.capacities)

    def _node(self) -> Iterator[Metric]:
        parts = self._parts
        yield InfoMetricFamily("gslb_build", "The running version.", {"version": parts.version})
        for name, words, value in (
            ("ready", "1 if answers are given.", parts.plane.answering),
            ("revision", "The store revision that is answered from.", parts.desk.revision),
            ("generation", "How many releases were swapped in.", parts.plane.generation),
            ("start_time_seconds", "When the process started, unix time.", parts.started),
            ("publish_time_seconds", "When it last published, unix time.", parts.desk.published_at),
        ):
            yield GaugeMetricFamily(f"gslb_{name}", words, float(value))
        alarms = GaugeMetricFamily(
            "gslb_alarm_since_seconds",
            "Alarms that stand, unix time of their start.",
            labels=["alarm"],
        )
        for alarm in parts.alarms.standing:
            alarms.add_metric([alarm.key], alarm.since)
        yield alarms

    def _geography(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "gslb_geoip_built_seconds",
            "When the makers of a geography database built it, unix time.",
            labels=["file", "kind"],
        )
        loaded = GaugeMetricFamily(
            "gslb_geoip_loaded_seconds",
            "When it was read, unix time.",
            labels=["file", "kind"],
        )
        age = GaugeMetricFamily(
            "gslb_geoip_age_seconds", "How old its data is.", labels=["file", "kind"]
        )
        refused = GaugeMetricFamily(
            "gslb_geoip_refused_since_seconds",
            "Since when its file cannot be used, unix time; 0: it can.",
            labels=["file"],
        )
        atlas = self._parts.atlas
        for one in atlas.opened:
            labels = [str(one.file), one.kind]
            built.add_metric(labels, one.built)
            loaded.add_metric(labels, one.loaded)
            age.add_metric(labels, time.time() - one.built)
        since = {file: moment for file, _, moment in atlas.faults}
        for file in atlas.files:
            refused.add_metric([str(file)], since.get(file, 0.0))
        yield from (built, loaded, age, refused)

    def _transfers(self) -> Iterator[Metric]:
        hall, notifier = self._parts.transfers.hall, self._parts.transfers.notifier
        serials = GaugeMetricFamily(
            "gslb_zone_serial", "The SOA serial that is answered.", labels=["zone"]
        )
        waiting = GaugeMetricFamily(
            "gslb_notify_waiting_since_seconds",
            "Since when a secondary has not acknowledged the newest serial, unix time; else 0.",
            labels=["zone", "secondary"],
        )
        for origin, serial in self._parts.transfers.serials.items():
            serials.add_metric([origin], serial)
            for name, standing in notifier.standings(origin).items():
                since = 0.0 if standing.is_settled else standing.told_since
                waiting.add_metric([origin, name], since)
        yield serials
        yield waiting
        for name, words, counts, results in (
            ("transfers", "Questions for zone transfers, by result.", hall.counts, RESULTS),
            ("notifies", "NOTIFYs, by what became of them.", notifier.counts, OUTCOMES),
        ):
            family = CounterMetricFamily(f"gslb_{name}", words, labels=["result"])
            for result in results:
                family.add_metric([result], counts[result])
            yield family
        yield GaugeMetricFamily(
            "gslb_transfers_running", "Zone transfers under way.", float(hall.running)
        )

    def _health(self) -> Iterator[Metric]:
        watch = self._parts.watch
        facts = watch.facts()
        targets = GaugeMetricFamily(
            "gslb_probe_targets", "Probed targets by verdict.", labels=["verdict"]
        )
        for verdict, count in facts.verdicts.items():
            targets.add_metric([str(verdict)], count)
        yield targets
        yield CounterMetricFamily("gslb_probes", "Probes done.", float(facts.probes))
        yield CounterMetricFamily("gslb_probes_failed", "Probes that failed.", float(facts.failed))
        yield CounterMetricFamily(
            "gslb_probe_faults",
            "Probes that failed by the prober's own fault.",
            float(facts.faults),
        )
        yield GaugeMetricFamily(
            "gslb_probes_in_flight", "Probes under way.", float(facts.in_flight)
        )
        yield GaugeMetricFamily(
            "gslb_probe_targets_overdue",
            "Targets whose probe missed its time.",
            float(facts.overdue),
        )
        up = GaugeMetricFamily(
            "gslb_member_up",
            "1 if the member's verdict is up.",
            labels=["vip", "datacenter", "address"],
        )
        weight = GaugeMetricFamily(
            "gslb_member_effective_weight",
            "What the plane draws by; 0 is not now.",
            labels=["vip", "datacenter", "address"],
        )
        for key, standing in watch.standings():
            up.add_metric(list(key), standing.verdict == "up")
            weight.add_metric(list(key), standing.effective)
        yield up
        yield weight
