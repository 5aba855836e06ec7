"""The wanted differences: how far gslb's reply may be from a peer's, and what allows it.

docs/differences.md lists exactly these rules. Each takes what it allows out of both replies, as far
as it does differ, and leaves everything else to be compared.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from authorities import PAYLOAD
from dns.rdatatype import AAAA, ANY, CNAME, DNAME, NS, SOA, A
from garden import SHED
from questions import IN, Question
from replies import Record, Reply, Section, lower
from spelling import MAX_NAME

Pair = tuple[Reply, Reply]
Relax = Callable[[Question, Reply, Reply], Pair]

EXTENDED_ERROR = 15  # the option's code, RFC 8914 section 2
CHILD_ZONE = b"".join(bytes([len(label)]) + label for label in SHED) + b"\0"
LETTERS = 64  # octets that the peers save by pointing to names of other letters
KNOTS_LINKS = 5  # CNAMEs that Knot puts into an answer
OUR_LINKS = 9  # the eight links that we follow (docs/dns.md), and the one that we don't


@dataclass(frozen=True)
class Rule:
    """A wanted difference: its name, the peers, what differs, what allows it, and its effect."""

    name: str
    peers: tuple[str, ...]
    differs: str
    allows: str
    relax: Relax


def agree(question: Question, peer: str, ours: Reply, theirs: Reply) -> tuple[Pair, list[str]]:
    """Relax two replies until they are equal or no rule is left; give them and the rules used."""
    used: list[str] = []
    for rule in RULES:
        if ours == theirs:
            break
        if peer not in rule.peers:
            continue
        relaxed = rule.relax(question, ours, theirs)
        if relaxed != (ours, theirs):
            used.append(rule.name)
            ours, theirs = relaxed
    return (ours, theirs), used


def in_lower_case(reply: Reply) -> Reply:
    """Put all names of a reply in lower case (RFC 4343)."""

    def lowered(section: Section) -> Section:
        return tuple(sorted(lower(record) for record in section))

    return replace(
        reply,
        question=reply.question.lower(),
        answer=lowered(reply.answer),
        authority=lowered(reply.authority),
        additional=lowered(reply.additional),
    )


# The rules


def _extended_errors(_: Question, ours: Reply, theirs: Reply) -> Pair:
    return _without_error(ours), _without_error(theirs)


def _without_error(reply: Reply) -> Reply:
    if reply.opt is None:
        return reply
    kept = tuple(option for option in reply.opt.options if option[0] != EXTENDED_ERROR)
    return replace(reply, opt=reply.opt._replace(options=kept))


def _letters(_: Question, ours: Reply, theirs: Reply) -> Pair:
    return in_lower_case(ours), in_lower_case(theirs)


def _classes(question: Question, ours: Reply, theirs: Reply) -> Pair:
    """Take our refusal of another class for whatever a peer does with it."""
    if question.rclass == IN or ours.rcode != "REFUSED":
        return ours, theirs
    assert not ours.answer + ours.authority + ours.additional
    return ours, replace(ours, opt=theirs.opt)


def _any(question: Question, ours: Reply, theirs: Reply) -> Pair:
    """Take any RRset of a name for all, where the peer has any; DNAMEs on the way are the same."""
    if question.rtype != ANY or not (ours.answer and theirs.answer):
        return ours, theirs
    mine = set(ours.answer) - set(theirs.answer)
    yours = set(theirs.answer) - set(ours.answer)
    one_rrset = len({(record.owner, record.rtype) for record in mine}) <= 1
    if not one_rrset or len({record.owner for record in mine | yours}) > 1:
        return ours, theirs
    common = tuple(sorted(set(ours.answer) & set(theirs.answer)))
    return (
        replace(ours, answer=common, additional=()),
        replace(theirs, answer=common, additional=()),
    )


def _servers(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out the zone's own servers, which a peer adds to an answer."""
    if not ours.answer or ours.authority or {r.rtype for r in theirs.authority} != {NS}:
        return ours, theirs
    return ours, replace(theirs, authority=())


def _chains(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Let a chain end early, here or there; what is there of it must be the same."""
    knot_ends = _links(theirs) == KNOTS_LINKS
    if _links(ours) < OUR_LINKS and not knot_ends and not _stops_at_a_dname(theirs):
        return ours, theirs
    mine, yours = _aliases(ours), _aliases(theirs)
    assert mine <= yours or yours <= mine
    return _without_answer(ours), _without_answer(theirs)


def _stops_at_a_dname(reply: Reply) -> bool:
    """Whether a chain ends at a name below a DNAME that has renamed before."""
    dnames = [record.owner for record in reply.answer if record.rtype == DNAME]
    return any(_is_within(end, above) for end in _ends(reply) for above in dnames)


def _too_long(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out what Knot adds, going on with what is left of the name that is too long."""
    if ours.rcode != "YXDOMAIN" or theirs.rcode not in {"YXDOMAIN", "NXDOMAIN"}:
        return ours, theirs
    assert not ours.authority
    assert set(ours.answer) <= set(theirs.answer)
    return ours, replace(theirs, rcode=ours.rcode, answer=ours.answer, authority=())


def _duplicates(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Take once what a peer adds for each spelling of a name, or for each time round a loop."""

    def once(section: Section) -> Section:
        return tuple(sorted(set(section)))

    additional = once(theirs.additional)
    return ours, replace(theirs, answer=once(theirs.answer), additional=additional)


def _no_room_for_soa(question: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out the SOA of a denial, which Knot drops if it does not fit, and says nothing."""
    if question.tcp or theirs.authority or "TC" in theirs.flags or not _fills(question, theirs):
        return ours, theirs
    if "TC" in ours.flags and not ours.authority:
        return _header_alone(ours), _header_alone(theirs)
    return replace(ours, authority=()) if _denies(ours) else ours, theirs


def _other_zones(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out a referral behind an alias, of which the peer, who holds the zone, says nothing."""
    leads_there = any(_is_within(end, CHILD_ZONE) for end in _ends(ours))
    if not leads_there or theirs.authority:
        return ours, theirs
    if "TC" in ours.flags:  # for the referral alone: the answer must still be the same
        return replace(ours, flags=theirs.flags), theirs
    return replace(ours, authority=(), additional=()), theirs


def _additional(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out RRsets that only one has; but the glue of a referral must be the same."""
    mine, yours = by_rrset(ours.additional), by_rrset(theirs.additional)
    glue = {key for key in mine.keys() | yours.keys() if _is_glue(key, ours)}
    differ = {key for key in mine.keys() ^ yours.keys() if key not in glue}
    return _without(ours, differ), _without(theirs, differ)


def _compression(question: Question, ours: Reply, theirs: Reply) -> Pair:
    """Take for truncated, on both sides, what just fits on one."""
    if question.tcp or len({"TC" in ours.flags, "TC" in theirs.flags}) == 1:
        return ours, theirs
    whole, room = (theirs, LETTERS) if "TC" in ours.flags else (ours, MAX_NAME)
    if not _fills(question, whole, room):
        return ours, theirs
    return _header_alone(ours), _header_alone(theirs)


def _missing_glue(question: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out the glue of a referral where the peer has no room for it, and does not say so."""
    silent = "TC" not in theirs.flags and _fills(question, theirs)
    if question.tcp or not silent or not _is_referral(ours):
        return ours, theirs
    if "TC" in ours.flags:
        return _header_alone(ours), _header_alone(theirs)
    missing = {key for key in by_rrset(ours.additional) if _is_glue(key, ours)}
    return _without(ours, missing), _without(theirs, missing)


def _truncation(_: Question, ours: Reply, theirs: Reply) -> Pair:
    """Leave out what two truncated replies hold."""
    if "TC" not in ours.flags or "TC" not in theirs.flags:
        return ours, theirs
    return _header_alone(ours), _header_alone(theirs)


BOTH = ("nsd", "knot")
RULES = (
    Rule(
        "extended errors",
        BOTH,
        "A refusal comes with an extended error here or there, or with another one.",
        "RFC 8914 section 2: the option may stand in any response to a query with OPT",
        _extended_errors,
    ),
    Rule(
        "letters",
        BOTH,
        "Names in data have the letters of the file, those of the question or small ones.",
        "RFC 4343 section 4.1: compression may put one name's letters in another's place; "
        "RFC 1035 section 2.3.3: case is preserved *whenever possible*",
        _letters,
    ),
    Rule(
        "classes",
        BOTH,
        "A class other than IN is REFUSED with its question. NSD leaves the question out; both "
        "answer for the class ANY.",
        "RFC 1035 section 4.1.1: *The name server refuses to perform the specified operation for "
        "policy reasons*",
        _classes,
    ),
    Rule(
        "ANY",
        BOTH,
        "One RRset of the name is given, the first by type; the peer may give another, or more.",
        "RFC 8482 section 4.1: a server *MAY instead send a response with a single RRset*, or with "
        "more of those that there are",
        _any,
    ),
    Rule(
        "servers in authority",
        ("nsd",),
        "NSD adds the zone's NS to an answer.",
        "RFC 1034 section 3.7: the authority section *carries RRs which describe other "
        "authoritative servers*; none is asked for",
        _servers,
    ),
    Rule(
        "long chains",
        BOTH,
        "Eight links of a chain are followed; by Knot four; by NSD more, but none that the same "
        "DNAME makes again.",
        "RFC 1034 section 4.3.1: beside what answers, a reply holds *RRs that the name server "
        "thinks will prove useful to the requester*; the requester goes on by itself",
        _chains,
    ),
    Rule(
        "too long",
        ("knot",),
        "A DNAME makes too long a name: YXDOMAIN, nothing behind that DNAME. Knot adds the SOA, "
        "and goes on with the name cut short: to more aliases, or to NXDOMAIN.",
        "RFC 6672 section 3.2, step 3.C: with YXDOMAIN the algorithm ends",
        _too_long,
    ),
    Rule(
        "other zones",
        ("nsd",),
        "An alias leads below a cut: its referral is given, also if the child zone is served here. "
        "NSD gives the alias alone.",
        "RFC 1034 section 4.3.1, as for long chains",
        _other_zones,
    ),
    Rule(
        "duplicates",
        BOTH,
        "Knot adds a name's addresses once for each spelling of the name, and an alias that a loop "
        "of DNAMEs makes once for each time round; NSD gives an alias that a wildcard makes of "
        "itself twice.",
        "RFC 2181 section 5: *servers should suppress such duplicates if encountered*; we do",
        _duplicates,
    ),
    Rule(
        "no room for a SOA",
        ("knot",),
        "The SOA of a denial does not fit: TC. Knot leaves it out and TC clear.",
        "RFC 2308 section 3: the SOA of a denial is a MUST, so TC is due by RFC 2181 section 9",
        _no_room_for_soa,
    ),
    Rule(
        "missing glue",
        ("nsd",),
        "Glue below the delegation comes first; if it does not fit: TC. NSD sends what fits of any "
        "glue, and TC clear.",
        "RFC 9471 section 3.1: *it MUST include all available glue records for in-domain name "
        "servers in the additional section, or MUST set TC=1*",
        _missing_glue,
    ),
    Rule(
        "compression",
        BOTH,
        "What just fits here is truncated there, for want of a pointer; or here, where names in "
        "data keep their letters and are not pointed to from other letters.",
        "RFC 1035 section 4.1.4: *Programs are free to avoid using pointers in messages they "
        "generate, although this will reduce datagram capacity, and may cause truncation*",
        _compression,
    ),
    Rule(
        "truncation",
        BOTH,
        "Replies with TC hold more or less.",
        "RFC 2181 section 9: a client *should ignore that response, and query again*",
        _truncation,
    ),
    Rule(
        "additional",
        BOTH,
        "Beside the glue of the delegated zone itself, more or fewer RRsets are added, whole ones.",
        "RFC 1034 section 3.7: the additional section *carries RRs which may be helpful in using "
        "the RRs in the other sections*",
        _additional,
    ),
)
"""In the order in which they are applied: those that take out least come first."""


# What they need


def _aliases(reply: Reply) -> set[Record]:
    return {record for record in reply.answer if record.rtype == CNAME}


def _ends(reply: Reply) -> set[bytes]:
    """Give where the chain of an answer ends, nothing where it is a loop."""
    aliases = _aliases(reply)
    return {record.data for record in aliases} - {record.owner for record in aliases}


def _links(reply: Reply) -> int:
    return len(_aliases(reply))


def _without_answer(reply: Reply) -> Reply:
    return _header_alone(reply)


def _header_alone(reply: Reply) -> Reply:
    """Leave out what a client does not use of a truncated reply: all but that it is one."""
    return replace(
        reply, rcode="", flags=reply.flags - {"TC"}, answer=(), authority=(), additional=()
    )


def by_rrset(section: Section) -> dict[tuple[bytes, int], list[Record]]:
    """Give a section's records by owner and type."""
    found: dict[tuple[bytes, int], list[Record]] = defaultdict(list)
    for record in section:
        found[record.owner, record.rtype].append(record)
    return found


def _without(reply: Reply, rrsets: set[tuple[bytes, int]]) -> Reply:
    kept = [record for record in reply.additional if (record.owner, record.rtype) not in rrsets]
    return replace(reply, additional=tuple(kept))


def _fills(question: Question, reply: Reply, room: int = MAX_NAME) -> bool:
    """Whether a datagram has no more room than this, if nothing is said for a name in full."""
    return reply.octets + room > min(max(question.payload or 512, 512), PAYLOAD)


def _denies(reply: Reply) -> bool:
    return {record.rtype for record in reply.authority} == {SOA}


def _is_referral(reply: Reply) -> bool:
    return {record.rtype for record in reply.authority} == {NS}


def _is_glue(key: tuple[bytes, int], reply: Reply) -> bool:
    """Whether these are addresses at or below the delegation of a referral (RFC 9471 2.1)."""
    owner, rtype = key
    cuts = {record.owner for record in reply.authority if record.rtype == NS}
    return rtype in {A, AAAA} and any(_is_within(owner, cut) for cut in cuts)


def _is_within(owner: bytes, cut: bytes) -> bool:
    while len(owner) > len(cut):
        owner = owner[1 + owner[0] :]
    return owner == cut
