"""What is wrong with an entry of a master file, in words that say what to write instead.

dnspython says where it stopped; this looks at the entry again and says why.
"""

import re

import dns.exception
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.ttl

_PREFIX = re.compile(r"\A.*?:\d+: ?")
_CAUGHT = re.compile(r"\Acaught exception <class '[^']*'>: ?")
_KNOWN = {
    "Missing default TTL value": "the record has no TTL; write one, or a $TTL line above it",
    "newline in quoted string": "a quoted string does not end; close it with a quotation mark",
    "A DNS label is empty.": "a name has an empty label; write one dot between labels",
    "A DNS label is > 63 octets long.": "a name has a label longer than 63 octets; shorten it",
    "A DNS name is > 255 octets long.": "a name is longer than 255 octets; shorten it",
}
_FORMS = {
    "A": "write an IPv4 address such as 192.0.2.1",
    "AAAA": "write an IPv6 address such as 2001:db8::1",
    "MX": "write a preference and a name, such as 10 mail.example.",
    "SOA": "write the primary server, the mailbox, serial, refresh, retry, expire and minimum",
    "SRV": "write priority, weight, port and target, such as 0 5 5060 sip.example.",
    "CAA": 'write flags, tag and value, such as 0 issue "ca.example"',
    "NS": "write a name",
    "CNAME": "write a name",
    "TXT": "write text between quotation marks",
}


def explain_mistake(text: str, error: Exception) -> str:
    """Say as a sentence what is wrong with an entry that was not understood."""
    detail = _CAUGHT.sub("", _PREFIX.sub("", str(error)))
    if detail in _KNOWN:
        return _KNOWN[detail]
    directive = text.split(None, 1)[0]
    if directive.startswith("$"):
        return f"the directive {directive} is not understood{_because(detail)}"
    if detail == "RR class is not zone's class":
        return "the record is of another class; only IN is served"
    return _explain_record(text, detail)


def _explain_record(text: str, detail: str) -> str:
    words = _words(text)
    at = next((at for at, word in enumerate(words) if not _is_ttl_or_class(word)), len(words))
    if at == len(words):
        return "the record has no type and no data; write name, TTL, type and data"
    try:
        rtype = dns.rdatatype.to_text(dns.rdatatype.from_text(words[at]))
    except (dns.exception.DNSException, ValueError):
        return f"{words[at]!r} is not a record type; write name, TTL, type and data"
    data = " ".join(words[at + 1 :])
    if not data:
        return f"the {rtype} record has no data; {_form(rtype)}"
    what = f"{_article(rtype)} {rtype} record"
    return f"{data!r} is not data of {what}{_because(detail)}; {_form(rtype)}"


def _form(rtype: str) -> str:
    return _FORMS.get(rtype, f"write it as the RFC of {rtype} says")


def _article(rtype: str) -> str:
    return "an" if rtype[:1] in "AFHLMNRSX" else "a"


def _because(detail: str) -> str:
    return "" if detail in {"", "Text input is malformed."} else f" ({detail.rstrip('.')})"


def _is_ttl_or_class(word: str) -> bool:
    if word.upper() in dns.rdataclass.RdataClass.__members__:
        return True
    try:
        dns.ttl.from_text(word)
    except dns.ttl.BadTTL:
        return False
    return True


def _words(text: str) -> list[str]:
    """Give what follows the owner, parentheses and comments left out, as far as it can be read."""
    tokens = dns.tokenizer.Tokenizer(text)
    words: list[str] = []
    try:
        while not (token := tokens.get()).is_eol_or_eof():
            words.append(f'"{token.value}"' if token.is_quoted_string() else token.value)
    except dns.exception.DNSException:
        pass
    return words if text[:1].isspace() else words[1:]


def type_of(text: str) -> str | None:
    """Give the type that an entry that was not understood is of; None if it can't be told."""
    words = _words(text)
    for word in words:
        if not _is_ttl_or_class(word):
            try:
                return dns.rdatatype.to_text(dns.rdatatype.from_text(word))
            except (dns.exception.DNSException, ValueError):
                return None
    return None
