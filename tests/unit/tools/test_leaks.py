"""The scan for secrets finds a real one, wherever it is put (tests/tools/leaks.py)."""

import random
import subprocess
from pathlib import Path
from string import ascii_letters, digits

import pytest

from tests.tools import leaks

DRAWN = random.Random(1)  # so that the scan of this file finds nothing
KEY_ID = "AKIA" + "".join(DRAWN.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
HEXADECIMAL = DRAWN.randbytes(16).hex()
TOKEN = "ghp_" + "".join(DRAWN.choices(ascii_letters + digits, k=36))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("accounts.json", f'{{"credentials": {{"api_key": "{HEXADECIMAL}"}}}}'),
        ("accounts.json", '{"credentials": {"corp_pwd": "' + "Tz7#kq1mPw" + '"}}'),
        ("settings.py", f'ACCESS_KEY_ID = "{KEY_ID}"'),
        ("settings.py", f'access_secret = "{HEXADECIMAL}"'),
        ("deploy.sh", f"curl -H 'x-api-key: {HEXADECIMAL}'\nexport TOKEN={TOKEN}"),
        ("key.pem", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA"),
    ],
)
def test_a_real_one_is_found(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (find, *_) = leaks.secrets_in([tmp_path / name])
    assert find.line in (1, 2)


def test_what_is_known_to_be_none_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text('{"credentials": {"api_key": "your-api-key", "pwd": "your-password"}}', encoding="utf-8")
    assert list(leaks.secrets_in([file])) == []


def test_a_tests_password_is_taken_for_a_real_one_only_if_it_could_be() -> None:
    test = leaks.ROOT / "tests" / "unit" / "test_codecs.py"
    assert leaks.is_made_up(test, "Secret Keyword", "hj-p4ssword")
    assert not leaks.is_made_up(test, "Secret Keyword", "Tz7#kq1mPw")
    assert not leaks.is_made_up(leaks.ROOT / "functions" / "send" / "app.py", "Secret Keyword", "hj-p4ssword")
    assert not leaks.is_made_up(test, "Hex High Entropy String", HEXADECIMAL)


def test_every_tracked_file_is_looked_at() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=leaks.ROOT, check=True, capture_output=True, text=True).stdout
    assert {leaks.ROOT / name for name in tracked.splitlines()} <= set(leaks.project_files())
