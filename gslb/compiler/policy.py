"""Settings to the policy: how the plane speaks on this node."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network

from gslb import snapshot
from gslb.settings import WireSettings


def compile_policy(
    settings: WireSettings,
    secrets: Sequence[bytes] = (),
    *,
    stale: bool = False,
) -> snapshot.Policy:
    """Compile a policy; `secrets` are those of cookies, 16 octets each, the first signs."""
    return snapshot.Policy(
        format=snapshot.FORMAT,
        payload=settings.udp_payload,
        ecs_from=_networks(settings.ecs_from),
        proxy_from=_networks(settings.proxy_from),
        nsid=settings.nsid.encode(),
        version=settings.version_bind,
        identity=settings.id_server,
        cookie_secrets=list(secrets) if settings.cookies != "off" else [],
        cookies_required=settings.cookies == "required",
        rate=snapshot.RateLimit(
            limit=settings.rrl_rate,
            slip=settings.rrl_slip,
            ipv4_prefix=settings.rrl_ipv4_prefix,
            ipv6_prefix=settings.rrl_ipv6_prefix,
            entries=settings.rrl_entries,
            exempt=_networks(settings.rrl_exempt),
        ),
        tcp=snapshot.Tcp(
            connections=settings.tcp_connections,
            per_network=settings.tcp_per_network,
            ipv4_prefix=settings.tcp_ipv4_prefix,
            ipv6_prefix=settings.tcp_ipv6_prefix,
            idle=settings.tcp_idle,
            message=settings.tcp_message,
        ),
        stale=stale,
        transfers=settings.transfers,
        explain_txt=settings.explain_txt,
    )


def _networks(networks: Iterable[IPv4Network | IPv6Network]) -> list[snapshot.Network]:
    return [
        snapshot.Network(network.network_address.packed, network.prefixlen) for network in networks
    ]
