"""Lists of suppressed numbers as CSV: what spreadsheets write, and what they can read without harm.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, which is taken off again when the list
comes back.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from smsgateway.api.serving.problems import Problem, invalid

COLUMNS = ("number", "purpose", "client", "signature", "reason", "source", "at", "reply_id", "account")
CSV = "text/csv"
BOM = "\ufeff"  # by which Excel knows UTF-8

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_-]+)""", re.IGNORECASE)
CHARSETS = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig", **dict.fromkeys(("gbk", "gb2312", "gb18030"), "gb18030")}


def written(entries: Iterable[Mapping[str, str | None]], *, first: bool) -> str:
    """Entries as rows. The `first` page has a byte order mark and the names of the columns; the others go on."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\r\n")
    if first:
        sheet.write(BOM)
        writer.writerow(COLUMNS)
    writer.writerows([defused(entry[name] or "") for name in COLUMNS] for entry in entries)
    return sheet.getvalue()


def defused(cell: str) -> str:
    """A cell's text as no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) or _DEFUSED.match(cell) else cell


def is_csv(content_type: str) -> bool:
    """True if a body's `Content-Type` says that it is CSV."""
    return content_type.partition(";")[0].strip().lower() == CSV


def as_json(body: bytes, content_type: str) -> str:
    """A list as the JSON that means the same: `{"items": [{"number": …}, …]}`, in which empty cells are left out.

    Columns are known by their names in the first row; blank ones behind them do not count, and nor do rows without any
    text. Raises Problem for what is no CSV with these columns; what stands in them is checked as JSON is.
    """
    rows = list(_rows(_text(body, content_type)))
    if not rows:
        raise invalid([("body", f"is empty; its first row has the names of columns: {', '.join(COLUMNS)}")])
    names = [name.strip().lower() for name in rows[0]]
    while names and not names[-1]:  # a comma behind the last column
        names.pop()
    _check_names(names)
    items = []
    for index, row in enumerate(rows[1:]):
        if any(cell.strip() for cell in row[len(names) :]):
            raise invalid([(f"items[{index}]", f"has more cells than the {len(names)} columns of the first row")])
        cells = zip(names, (cell.strip() for cell in row), strict=False)
        items.append({name: _taken(cell) for name, cell in cells if cell})
    return json.dumps({"items": items}, ensure_ascii=False)


def _text(body: bytes, content_type: str) -> str:
    said = _CHARSET.search(content_type)
    charset = CHARSETS.get(said[1].lower() if said else "utf-8")
    if charset is None:
        raise Problem(400, "the body's charset is not taken: send UTF-8, or GBK with charset=gbk")
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        if charset != "utf-8-sig":
            raise Problem(400, f"the body is not GBK (byte {error.start})") from None
        hint = "save it as “CSV UTF-8”, or send it with the header Content-Type: text/csv; charset=gbk"
        raise Problem(400, f"the body is not UTF-8 (byte {error.start}): {hint}") from None


def _rows(text: str) -> Iterable[Sequence[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error:
        raise Problem(400, f"the body is not CSV (line {reader.line_num}): look at its quotation marks") from None


def _check_names(names: Sequence[str]) -> None:
    """Raise Problem unless the names of the first row are those of columns, with the number's among them."""
    known = f"known here: {', '.join(COLUMNS)}"
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        raise invalid([("header", "its cells must have commas between them")])
    problems = [
        ("header", f"column {index + 1} is unknown; {known}") for index, name in enumerate(names) if name not in COLUMNS
    ]
    if len(set(names)) < len(names):
        problems.append(("header", "has a column twice"))
    if "number" not in names:
        problems.append(("header", f"has no column `number`; {known}"))
    if problems:
        raise invalid(problems)


def _taken(cell: str) -> str:
    """A cell's text without the apostrophe that `defused` has put in front."""
    return cell[1:] if _DEFUSED.match(cell) else cell
