"""The XML reader: what vendors send, what they should have sent, and what nobody should."""

import subprocess
import sys
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsgateway.codecs.xml import SIZE_LIMIT, Record, parse_records
from smsgateway.errors import DecodeError

CASES = Path(__file__).parents[2] / "cases" / "hbsmservice"
DECLARATION = '<?xml version="1.0" encoding="GBK" ?>'


def read(data: bytes, charset: str, root: str, record: str) -> list[Record]:
    """The records of a page, none of which has a problem."""
    page = parse_records(data, charset, root, record)
    for each in page.records:
        if each.problem:
            raise DecodeError(each.problem, data)
    return page.records


def parse(text: str, charset: str = "gb18030") -> list[Record]:
    return read(text.encode(charset), charset, "delivers", "deliver")


def with_content(content: str) -> str:
    record = f"<deliver><mobile>13810000000</mobile><content>{content}</content></deliver>"
    return f"{DECLARATION}<delivers>{record}</delivers>"


@pytest.mark.parametrize(
    ("printed", "sent", "root", "record"),
    [
        ("report-push.document-4.2.xml", "report-push.platform-4.2.xml", "reports", "report"),
        ("report-poll.document-5.4.xml", "report-poll.platform-5.4.xml", "reports", "report"),
        ("inbound-push.document-6.2.xml", "inbound-push.platform-6.2.xml", "delivers", "deliver"),
        ("inbound-poll.document-7.4.xml", "inbound-poll.platform-7.4.xml", "delivers", "deliver"),
    ],
)
def test_notes_and_indentation_of_the_documents_samples_change_nothing(
    printed: str, sent: str, root: str, record: str
) -> None:
    as_printed = read((CASES / printed).read_bytes(), "gb18030", root, record)
    as_sent = read((CASES / sent).read_bytes(), "gb18030", root, record)
    assert [r.fields for r in as_printed] == [r.fields for r in as_sent]
    assert all("(" not in text for r in as_printed for text in r.fields.values())
    assert all(r.raw.startswith(f"<{record}>") and r.raw.endswith(f"</{record}>") for r in as_printed + as_sent)


@pytest.mark.parametrize(
    "declaration",
    [
        "",
        "<?xml version='1.0' encoding='GBK'?>",
        '<?xml version="1.0" encoding="gb2312" ?>\r\n',
        ' \n<?xml version="1.0"?>',
    ],
)
def test_a_chinese_declaration_changes_nothing(declaration: str) -> None:
    (record,) = parse(f"{declaration}<delivers><deliver><content>收到€</content></deliver></delivers>\n")
    assert record.fields == {"content": "收到€"}


MARK = "\ufeff".encode()
UTF_8 = "<?xml version='1.0' encoding=\"UTF-8\" ?>"


@pytest.mark.parametrize(
    ("mark", "declaration"), [(b"", UTF_8), (MARK, UTF_8), (MARK, ""), (MARK, DECLARATION), (b"\r\n" + MARK, UTF_8)]
)
@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_a_page_that_says_it_is_utf_8_is_read_so(mark: bytes, declaration: str, charset: str) -> None:
    for content in ("收到😀", "A&B 收到😀"):  # by the parser, and by hand
        body = with_content(content).replace(DECLARATION, declaration).encode()
        page = parse_records(mark + body, charset, "delivers", "deliver")
        (record,) = page.records
        assert (record.fields["content"], page.charset) == (content, "utf-8")
        assert parse_records(page.alone(record), charset, "delivers", "deliver").records == [record]


def test_utf_8_is_an_accounts_choice() -> None:
    (record,) = parse(with_content("收到😀"), "utf-8")
    assert record.fields["content"] == "收到😀"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A&B", "A&B"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("<3", "<3"),
        ("&lt;b&gt; &amp; <b>", "<b> & <b>"),
        ("&#20013;&#x4E2D; &copy; &", "中中 &copy; &"),
        ("&#xD800;&#x110000;<", "&#xD800;&#x110000;<"),
        ("好&#55357;&#56832;", "好😀"),  # the halves of U+1F600
        ("&#20320;&#xD83D;&#xde00;&#55357;&#xDE00;", "你😀😀"),
        ("&#56832;&#55357;", "&#56832;&#55357;"),  # the wrong way round
        ("&#55357;😀&#56832;", "&#55357;😀&#56832;"),
        ("&#55296;&#57343;&#56319;&#56320;", "\U000103ff\U0010fc00"),
        ("a\x00b\x1fc", "abc"),
        ("&#0;&#11;a", "a"),
        ("<b>收到</b>", "<b>收到</b>"),  # well-formed, and yet the reader's own text
        ("a<!-- b -->c", "a<!-- b -->c"),
        ("a<?php ?>c", "a<?php ?>c"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>&b;", "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;"),
        ("<mobile>1</mobile>", "<mobile>1</mobile>"),
        ("<![CDATA[A & <B>]]>", "A & <B>"),
        ("<![CDATA[A\x01 & <B>]]>", "A & <B>"),
        ("", ""),
        ("  收到 ", "  收到 "),
    ],
)
def test_text_that_nobody_escaped(written: str, meant: str) -> None:
    (record,) = parse(with_content(written))
    assert record.fields == {"mobile": "13810000000", "content": meant}


def test_notes_are_dropped_from_a_document_that_had_to_be_repaired_too() -> None:
    (record,) = parse(
        with_content("A&B</content>\n (对应下发时的(ext)参数) <ext/><time>").replace("<time></content>", "")
    )
    assert record.fields == {"mobile": "13810000000", "content": "A&B", "ext": ""}


@pytest.mark.parametrize("document", ["<delivers></delivers>", "<delivers/>", DECLARATION + "<delivers>\n</delivers>"])
def test_no_records(document: str) -> None:
    assert parse(document) == []


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE delivers [<!ENTITY a "b">]><delivers/>',
        '<!DOCTYPE delivers SYSTEM "http://127.0.0.1/a.dtd"><delivers/>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><delivers><deliver><a>&b;</a></deliver></delivers>',
        "<!DOCTYPE delivers>\x00<delivers/>",
    ],
)
def test_dtds_and_entities_are_refused(document: str) -> None:
    with pytest.raises(DecodeError):
        parse(document)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "0",
        "<html><body>502 Bad Gateway</body></html>",
        "<?xml version='1.0'",
        "<reports></reports>",  # another root
        "<delivers>系统错误</delivers>",
        "<delivers><error>9</error></delivers>",
        "<delivers><deliver>13810000000</deliver></delivers>",
        "<delivers><deliver><a>1</a></deliver>and more</delivers>",
        "<delivers><deliver><a>1</a>and more</deliver></delivers>",
        "<delivers><deliver><a>1</a><a>2</a></deliver></delivers>",  # which?
        "<delivers><deliver><a>1</a>2</a></deliver></delivers>",  # `</a>` within a text, or two tags
        "<delivers><deliver><a>&</a></delivers>",
        "<delivers><deliver><a>&</deliver></delivers>",
        "<delivers><deliver>&<a>1</a></deliver></delivers>",
        "<delivers>&<deliver><a>1</a></deliver></delivers>",
        "<delivers><deliver><a>1</a></deliver></delivers><delivers/>",
    ],
)
def test_what_would_have_to_be_guessed_or_skipped_is_refused_with_its_bytes(document: str) -> None:
    with pytest.raises(DecodeError) as refused:
        parse(document)
    assert refused.value.raw == document.encode("gb18030")


def test_bytes_of_another_charset_are_refused() -> None:
    with pytest.raises(DecodeError):
        read(with_content("\xff收到").encode("utf-16"), "gb18030", "delivers", "deliver")


@pytest.mark.parametrize("case", ["report-push.platform-4.2.xml", "report-push.long-message.xml"])
def test_no_part_of_a_document_is_taken_for_the_whole(case: str) -> None:
    whole = (CASES / case).read_bytes()
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            read(whole[:length], "gb18030", "reports", "report")


GOOD = ["<deliver><mobile>1</mobile><content>A</content></deliver>", "<deliver><mobile>2</mobile></deliver>"]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("damage", "records"),
    [
        (b"<deliver><mobile>3</mobile><mobile>3</mobile></deliver>", 1),
        (b"<deliver><mobile>3</mobile>and more</deliver>", 1),
        (b"<deliver><mobile>3</deliver>", 1),
        (b"<deliver><mobile>3</mo", 1),
        (b"<deliver>", 1),
        (b"<deliver><mobile>3</mobile><content>A", 1),
        (b"<note>3</note>", 1),
        (b"and more", 1),
        (b"\xff", 1),
        (b"</deliver>", 1),
        (b"<deliver/>", 1),
        (b"<deliver><mobile>3</mobile><mobile>3</mobile></deliver><x/>", 2),
    ],
)
def test_damage_costs_one_record_and_keeps_its_bytes(damage: bytes, records: int, place: int) -> None:
    pieces = [each.encode() for each in GOOD]
    pieces.insert(place, damage)
    head = DECLARATION.encode()
    page = parse_records(head + b"<delivers>" + b"\n".join(pieces) + b"</delivers>", "gb18030", "delivers", "deliver")
    assert [each.raw for each in page.records if not each.problem] == GOOD
    unread = [each for each in page.records if each.problem]
    assert len(unread) == records
    bodies = [page.alone(each) for each in unread]
    wrapped = [body.removeprefix(head + b"<delivers>").removesuffix(b"</delivers>") for body in bodies]
    assert b"".join(each.strip() for each in wrapped) == damage
    for body in bodies:
        with pytest.raises(DecodeError):
            read(body, "gb18030", "delivers", "deliver")


def test_damaged_bytes_stay_within_their_field() -> None:
    whole = with_content("收到").encode("gb18030")
    for damage in (b"\xff", b"\x81", b"\xca", b"\x81\x30", b"\x81\x30\x81", b"\xca\xd5\xb5"):
        page = parse_records(whole.replace("收到".encode("gb18030"), damage), "gb18030", "delivers", "deliver")
        (record,) = page.records
        assert record.fields["mobile"] == "13810000000"
        assert "\ufffd" in record.fields["content"]
        assert "\ufffd" in record.raw
        assert page.alone(record) == whole.replace("收到".encode("gb18030"), damage)


def test_a_page_without_its_end_keeps_its_whole_records() -> None:
    whole = f"<delivers>{''.join(GOOD)}</delivers>".encode()
    for length in range(len(f"<delivers>{GOOD[0]}"), len(whole)):
        page = parse_records(whole[:length], "gb18030", "delivers", "deliver")
        *read_, last = page.records
        assert [each.raw for each in read_] == GOOD[: 1 + (length >= len(f"<delivers>{''.join(GOOD)}"))]
        assert (last.problem, page.alone(last)[10:-11]) == (
            "the page is cut short",
            whole[:length].rpartition(b"</deliver>")[2],
        )


@given(st.binary(max_size=60), st.sampled_from(["gb18030", "utf-8"]))
def test_whatever_stands_in_a_field_the_neighbours_are_read(noise: bytes, charset: str) -> None:
    noise = noise.replace(b"<", b"")
    records = GOOD[0].encode(), b"<deliver><content>" + noise + b"</content></deliver>", GOOD[1].encode()
    page = parse_records(b"<delivers>" + b"".join(records) + b"</delivers>", charset, "delivers", "deliver")
    assert [each.raw for each in (page.records[0], page.records[2])] == GOOD
    assert page.alone(page.records[1]) == b"<delivers>" + records[1] + b"</delivers>"


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(DecodeError):
        read(b" " * SIZE_LIMIT + b"<delivers/>", "gb18030", "delivers", "deliver")
    deep = (SIZE_LIMIT - 100) // 7
    with pytest.raises(DecodeError):
        parse("<delivers><deliver>" + "<a>" * deep + "</a>" * deep + "</deliver></delivers>")


@pytest.mark.parametrize("filling", ["<a>", "<a>&", "</a>", "(", "<deliver>", "</deliver>", "&#", "<![CDATA["])
def test_the_repair_takes_linear_time(filling: str) -> None:
    document = f"<delivers><deliver>{filling * (SIZE_LIMIT // 10 // len(filling))}&</deliver></delivers>"
    started = time.process_time()
    with pytest.raises(DecodeError):
        parse(document)
    assert time.process_time() - started < 5


texts = st.text(st.characters(codec="gb18030", exclude_categories=("Cs", "Cc")))


@given(st.lists(texts, max_size=5))
@example(["]]>", "", "&amp;", "<"])
def test_escaped_texts_come_back_exactly(contents: list[str]) -> None:
    body = "".join(f"<deliver><content>{escape(content)}</content></deliver>" for content in contents)
    assert [r.fields["content"] for r in parse(f"<delivers>{body}</delivers>")] == contents


@given(texts.filter(lambda text: not any(mark in text for mark in ("</", "<![CDATA[", "&"))))
def test_unescaped_texts_come_back_exactly(content: str) -> None:
    (record,) = parse(with_content(content))
    assert record.fields["content"] == content


@given(st.binary() | st.text(alphabet="<>/&;() \\deliverscontent![CDATA-?'\"\x00#x").map(lambda text: text.encode()))
def test_nothing_but_decode_errors(data: bytes) -> None:
    for document in (data, b"<delivers><deliver>" + data + b"</deliver></delivers>"):
        try:
            parse_records(document, "gb18030", "delivers", "deliver")
        except DecodeError as error:
            assert error.raw == document  # noqa: PT017 - most of these are errors, not all


def test_importing_it_does_not_import_the_parser() -> None:
    check = "import sys, smsgateway.codecs.xml; sys.exit(any('xml.' in m and 'codecs' not in m for m in sys.modules))"
    layer = Path(__file__).parents[3] / "layers" / "gateway"
    assert subprocess.run([sys.executable, "-c", check], cwd=layer, check=False).returncode == 0
