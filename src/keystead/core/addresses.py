"""Which address is this, and in which network does it stand? Text is read one way, wherever it is compared."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_IPV4_BITS = 32


def read_address(text: str | None) -> Address | None:
    """Return the address, an IPv4 one that is written as IPv6 as what it is; None for what names none."""
    try:
        parsed = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def read_network(text: str) -> Network | None:
    """Return the network that ``203.0.113.0/24``, ``2001:db8::/32`` or one address names, None for anything else.

    None too for one with bits behind its prefix, such as ``10.1.2.3/8``: whoever wrote that meant something else.
    """
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        inner = int(network.network_address) & (2**_IPV4_BITS - 1)
        return ipaddress.IPv4Network((inner, network.prefixlen - 96))
    return network


def is_inside(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether an address stands in one of the networks."""
    return any(address in network for network in networks)
