"""The options of an account: one entry each; the table in codecs/README.md is made of them.

The values with their defaults are `Options` in model.py. A vendor takes those that all take, and of the others those
that its profile lists (`Profile.options`).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import READ_AS
from smsgateway.codecs.refusals import SIGNATURE
from smsgateway.codecs.words import MEANINGS, folded
from smsgateway.config.strict_json import Node
from smsgateway.errors import ConfigurationError
from smsgateway.model import About, Options
from smsgateway.rules import keywords

_DAY = 86_400  # seconds


class Option(NamedTuple):
    """How an option is read, and what its row in the documentation says."""

    parse: Callable[[Node, Profile], object]
    sentence: str
    unset: str = "none"  # what holds where nothing is set, if the default is no value
    of_some: bool = False  # for vendors whose profile lists it


def _paths(node: Node, profile: Profile) -> Mapping[str, str]:
    expected = "an address below base_url: `/`, then ASCII characters without spaces, `?`, `#` and backslash"
    members = node.fields([], list(profile.paths))
    return MappingProxyType(
        {
            name: path.matching(r"/(?!/)[^\s?#\\\x00-\x20\x7f-\U0010ffff]{0,300}", expected)
            for name, path in members.items()
        }
    )


def _codes(node: Node, _profile: Profile) -> Mapping[str, str]:
    abouts = {about.value: about for about in About if about is not About.UNLISTED}
    choices = {**abouts, SIGNATURE: SIGNATURE}
    return MappingProxyType({code: choices[about.one_of(choices)] for code, about in node.members().items()})


def _words(node: Node, _profile: Profile) -> Mapping[str, str]:
    return MappingProxyType({folded(word): meaning.one_of(MEANINGS) for word, meaning in node.members().items()})


def _keywords(node: Node, _profile: Profile) -> tuple[str, ...]:
    """Words that a reply may consist of: each has letters or digits, by which replies are compared with it."""
    entries = node.items(longest=100)
    words = tuple(entry.text(longest=50) for entry in entries)
    for entry, word in zip(entries, words, strict=True):
        if not keywords.folded(word):
            raise entry.wrong("must have a letter or a digit: nothing else of a reply is looked at")
    return words


def _charset(node: Node, _profile: Profile) -> str:
    return Node(node.path, node.text().lower()).one_of(READ_AS)


OPTIONS: Mapping[str, Option] = {
    "timeout": Option(
        lambda node, _: float(node.number(1, 50)),
        "seconds for the whole vendor call, 1 to 50.",
    ),
    "recipients_per_request": Option(
        lambda node, profile: node.integer(1, profile.recipients),
        "fewer recipients in one request than the vendor's document allows.",
        unset="the vendor's limit",
    ),
    "requests_per_second": Option(
        lambda node, _: float(node.number(0.01, 1000)),
        "submissions a second, over all workers; also fractions, such as 0.5. Calls are spread evenly, "
        "2 % below the figure.",
        unset="unlimited",
    ),
    # A message is kept for a week at least, of which it may wait three days to be sent.
    "report_window": Option(
        lambda node, _: node.integer(1, 4 * _DAY),
        "seconds to wait for delivery reports; a recipient that is still open then becomes `unknown`. At "
        "most `345600`.",
    ),
    "parts_window": Option(
        lambda node, _: node.integer(1, 7 * _DAY),
        "seconds that a long reply waits for its parts. Only langyu sends parts. At most `604800`.",
    ),
    "ack": Option(
        lambda node, _: node.any_text(),
        "the text that acknowledges a push, which these vendors' documents leave open. hbsmservice is "
        "always answered `0`, as its document has it.",
        unset="the vendor's own",
        of_some=True,
    ),
    "charset": Option(
        _charset,
        "what texts are sent in: `gbk`, `gb2312`, `gb18030` or `utf-8`.",
        unset="gbk",
        of_some=True,
    ),
    "method": Option(
        lambda node, _: node.one_of(["POST", "GET"]),
        "`POST` or `GET`. The examples in qixintong's document are all GET; POST is the default because "
        "proxies may repeat a GET, and so send a text twice, and because a full request is longer than "
        "many servers take as an address. If qixintong's check answers `-1` or `-7` though the password "
        "is right, its pages read no form: set `GET`, with a `recipients_per_request` at which addresses "
        "stay below 2 KB.",
        unset="POST",
        of_some=True,
    ),
    "sign_method": Option(
        lambda node, profile: node.one_of(profile.sign_methods),
        "one of `HmacMD5`, `HmacSHA1`, `HmacSHA224`, `HmacSHA256`, `HmacSHA384`, `HmacSHA512`.",
        unset="HmacSHA256",
        of_some=True,
    ),
    "free_text_template": Option(
        lambda node, _: node.text(longest=100),
        "the code of a template whose one variable is the whole text.",
        of_some=True,
    ),
    "free_text_signature": Option(
        lambda node, _: node.flag(),
        "that template has two variables: the signature, then the text.",
        of_some=True,
    ),
    "product": Option(
        lambda node, _: node.text(longest=100),
        "the product to send through; needed when the account has several.",
        of_some=True,
    ),
    "access_number": Option(
        lambda node, _: node.matching("[0-9]{1,20}", "a string of 1 to 20 digits"),
        "your number at the vendor: replies' extensions are what follows it.",
        of_some=True,
    ),
    "extension_prefix_length": Option(
        lambda node, _: node.integer(0, 20),
        "how many digits of a reply's extension are the vendor's own.",
        of_some=True,
    ),
    "push_window": Option(
        lambda node, _: node.integer(0, 30 * _DAY),
        "seconds that the digest of a pushed report counts for, before and after the moment that it "
        "names. `0`: for ever. At most `2592000`.",
        of_some=True,
    ),
    "paths": Option(
        _paths,
        'addresses below `base_url`, by operation: `{"send": "/v2/send"}`.',
        unset="the document's",
    ),
    "codes": Option(
        _codes,
        'what codes are about that the vendor\'s document does not list: `{"-77": "moment"}`; `moment`, '
        "`account`, `content` or `numbers`; `signature`: the content, because its signature is refused.",
    ),
    "words": Option(
        _words,
        'what words of delivery reports say that no table lists: `{"MK:0012": "unreachable"}`; '
        "`delivered`, `pending`, or the reason of a failure (`GET /docs` lists all), such as "
        "`unreachable`, `blacklisted` or `network_failure`. This option goes before the "
        "[tables](#what-each-word-of-a-report-means-for-the-recipient).",
    ),
    "breaker_failures": Option(
        lambda node, _: node.integer(1, 1000),
        "failed calls in a row, or refusals of the account, after which its breaker opens: messages go "
        "to the next account of the route, or wait.",
    ),
    "breaker_seconds": Option(
        lambda node, _: node.integer(1, _DAY),
        "seconds until one call may find out whether the vendor answers again.",
    ),
    "in_flight": Option(
        lambda node, _: node.integer(1, 1000),
        "calls that may take over a second at the same time, so that a vendor that hangs cannot take "
        "every worker. Further calls wait: they look again after a second at first, later after half to "
        "all of the time that they have waited, at most 15 seconds.",
    ),
    "silence_seconds": Option(
        lambda node, _: node.integer(300, 30 * _DAY),
        "seconds without a delivery report after which `push_silent` is raised, 300 or more; half of "
        "`report_window` where that is less. Reports come within seconds or minutes as a rule, and "
        "infocloud's can be polled for six hours.",
    ),
    "silence_messages": Option(
        lambda node, _: node.integer(0, 1_000_000),
        "how many messages without a report it takes for that alert; 0: it is never raised. One phone "
        "can be switched off, hardly twenty.",
    ),
    "figures_tolerance": Option(
        lambda node, _: float(node.number(0, 1)),
        "`figures_differ` is raised when more reports of a day are missing here than at the vendor by "
        "this share of what it accepted, and by more than five.",
        of_some=True,
    ),
    "opt_out_words": Option(
        _keywords,
        'replies that mean stop, beside the usual ones: `["不要了", "0000"]`. Width, case, accents, blanks and '
        "punctuation make no difference.",
    ),
    "opt_in_words": Option(
        _keywords,
        "replies that ask for marketing again, beside the usual ones. Take none that answers a question, such as "
        "`1`, `Y` or `是`.",
    ),
    "opt_out_confirmation": Option(
        lambda node, _: node.text(longest=500),
        "a text that is sent once to whoever stops marketing by a reply to this account, through this account. "
        "None for whom an administrator has suppressed.",
    ),
}


def options_taken(profile: Profile) -> list[str]:
    """The names of the options that accounts of a vendor may have."""
    return [name for name, option in OPTIONS.items() if not option.of_some or name in profile.options]


def parse_options(node: Node, vendor_name: str, profile: Profile) -> Options:
    """An account's options. Raises ConfigurationError for one that is unknown, wrong or another vendor's."""
    taken = options_taken(profile)
    for name, member in node.members().items():
        if name in OPTIONS and name not in taken:
            raise member.wrong(f"{vendor_name} does not take this option: leave it out")
    values: dict[str, Any] = {
        name: OPTIONS[name].parse(member, profile) for name, member in node.fields([], taken).items()
    }
    options = Options(**values)
    if options.free_text_signature and options.free_text_template is None:
        raise ConfigurationError(f"{node.path}.free_text_signature", "needs free_text_template beside it")
    for index, word in enumerate(options.opt_in_words):
        if keywords.wish_of(word, options.opt_out_words) == "stop":
            raise ConfigurationError(f"{node.path}.opt_in_words[{index}]", "means stop already: take another word")
    return options
