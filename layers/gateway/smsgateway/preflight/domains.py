"""The last labels of domains by how sure they are one's, and hosts that hide where a link leads to."""

import re

# Last labels that are no words.
PLAIN = re.compile("com|net|org|cn|cc|xyz|icu|edu|gov|biz|mobi|hk|tw|mo|jp|kr|sg|eu|ru|fr|de|uk|ly|gl|gd|cm|lt|ren|ltd")
# Those that are words, too: they count in small letters or in capitals throughout, as nobody begins a sentence.
WORDS = re.compile(
    "vip|top|club|shop|site|online|store|tech|ink|group|link|live|fun|work|love|pro|red|kim|wiki|win|app|dev|cloud|host"
    "|website|space|press|video|games|today|world|life|news|design|beauty|chat|fit|fans|run|plus|me|us|io|co|tv|info"
    "|asia"
)
# Those that are common words, surnames, or what files are called: they count with a path behind them.
WITH_PATH = re.compile(
    "im|to|is|in|it|at|be|by|am|so|no|do|id|my|nu|gy|st|sh|py|md|ai|zip|mov|rs|pl|ws|la|li|gg|fm|pw|ee|es|pe|wang"
)
# Those that count behind a dot of Chinese prose, and behind a label of digits.
SUREST = re.compile("com|cn|net|org|cc|xyz|icu")
# Of Chinese names, as registries have them.
CHINESE = "中国|中國|公司|网络|網絡|网址|网店|商城|集团|我爱你|在线|中文网|商标|公益|政务"
# Services that make short links.
SHORTENERS = re.compile(
    r"(?:t|dwz|w\.url|url|3|c1n|u6v|m6z|r6e|sourl|m\.tb|tb)\.cn|dwz\.(?:win|lc)|suo\.(?:im|nz|run)|sina\.lt|t\.co"
    r"|(?:bit|ow|cutt|rebrand|buff)\.ly|goo\.gl|(?:is|v)\.gd|tinyurl\.com|rb\.gy|s\.id|reurl\.cc|mrw\.so|b23\.tv|u\.nu"
    r"|t\.im|lnkd\.in|shorturl\.at"
)
# A company's form, and names of software.
NO_HOSTS = re.compile(r"co\.ltd|(?:asp|vb|ado)\.net")
