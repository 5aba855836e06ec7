"""The plane's counters as metrics: what each is called, and what it tells."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from gslb.plane import Plane

_GROUPS = {
    "queries": (
        "Messages received.",
        "transport",
        {"udp": "udp_received", "tcp": "tcp_received"},
    ),
    "answers": (
        "Messages answered; the rest of the queries were dropped.",
        "transport",
        {"udp": "udp_answered", "tcp": "tcp_answered"},
    ),
    "dropped": (
        "Messages met with silence, by cause; each panic is a bug, and its packet is in the log.",
        "cause",
        {
            "malformed": "dropped_malformed",
            "response": "dropped_response",
            "limited": "dropped_limited",
            "panic": "panics",
        },
    ),
    "tcp_closed": (
        "TCP connections that this node closed, by cause; the others were closed by their clients.",
        "cause",
        {
            "idle": "tcp_closed_idle",
            "slow": "tcp_closed_slow",
            "full": "tcp_closed_full",
            "network": "tcp_closed_network",
        },
    ),
    "rcode": (
        "Answers by response code.",
        "rcode",
        {
            name: name
            for name in (
                *("noerror", "formerr", "servfail", "nxdomain", "notimp", "refused"),
                *("yxdomain", "badvers", "badcookie"),
            )
        },
    ),
}
"""Families with a label: help, the label, and the plane's counter for each of its values."""

_ALONE = {
    "udp_unsent": "Answers over UDP that the kernel would not send.",
    "tcp_connections": "TCP connections accepted.",
    "tcp_handed_over": "TCP connections with a question for a transfer, or a signed one.",
    "udp_handed_over": "Signed questions over UDP, which are not among the answers.",
    "truncated": "Answers with TC: the client should ask again over TCP.",
    "limited": "Answers cut to nothing because the client network had too many (rrl_rate).",
    "edns": "Answered queries with EDNS.",
    "ecs": "Answered queries with a client subnet that was believed.",
    "cookies": "Answered queries with a DNS cookie.",
    "cookies_valid": "Answered queries with a right DNS cookie.",
}
"""Families without a label, named like the plane's counter: help."""


def dns_metrics(plane: Plane) -> Iterator[Metric]:
    """Give every metric of the answers."""
    counters = plane.counters()
    for name, (words, label, parts) in _GROUPS.items():
        family = CounterMetricFamily(f"gslb_dns_{name}", words, labels=[label])
        for value, counter in parts.items():
            family.add_metric([value], counters[counter])
        yield family
    for name, words in _ALONE.items():
        yield CounterMetricFamily(f"gslb_dns_{name}", words, float(counters[name]))
    opened = float(counters["tcp_open"])
    yield GaugeMetricFamily("gslb_dns_tcp_open", "TCP connections that are open.", opened)
    types = CounterMetricFamily("gslb_dns_type", "Answers by type asked for.", labels=["type"])
    for rtype, count in plane.types():
        types.add_metric([rtype], count)
    yield types
    vips = CounterMetricFamily(
        "gslb_dns_vip_answers",
        "Answers of each VIP by the datacenter drawn; fallback: nothing was live.",
        labels=["vip", "datacenter"],
    )
    for vip, datacenter, count in sorted(plane.vip_answers()):
        vips.add_metric([vip, datacenter or "fallback"], count)
    yield vips
    yield _times(plane)


def _times(plane: Plane) -> HistogramMetricFamily:
    """Turn counts by upper bound in nanoseconds into a histogram in seconds."""
    counts, total = plane.times()
    buckets: list[tuple[str, float]] = []
    so_far = 0
    for bound, count in counts[:-1]:
        so_far += count
        buckets.append((f"{bound / 1e9:g}", float(so_far)))
    buckets.append(("+Inf", float(so_far + counts[-1][1])))
    return HistogramMetricFamily(
        "gslb_dns_respond_seconds",
        "From a datagram's octets to its reply, without the kernel; one datagram in 64 is timed.",
        buckets=buckets,
        sum_value=total / 1e9,
    )
