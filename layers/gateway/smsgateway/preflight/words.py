"""What each finding means and what to do about it, in Chinese and in English."""

from collections.abc import Mapping
from typing import Any

from smsgateway.model import Finding, FindingCode
from smsgateway.unseen import named

# {found} is what was found; of what no eye sees, its code points.
_WORDS: Mapping[FindingCode, tuple[str, str]] = {
    FindingCode.LINK: (
        "含有网址、域名或IP地址“{found}”：运营商通常只放行事先报备的网址，其余会被拦截。请删除，或先通过供应商报备。",
        "the link, domain or IP address “{found}”: operators let links through that were filed with them, and as a rule"
        " block others. Take it out, or have your vendor file it.",
    ),
    FindingCode.SHORT_LINK: (
        "含有第三方短链接“{found}”：它隐藏了真实去向，多数运营商直接拦截。请改用自有且已报备的域名。",
        "the short link “{found}” hides where it leads to, and most operators block it. Use a domain of your own that"
        " is filed.",
    ),
    FindingCode.PHONE_NUMBER: (
        "含有电话号码“{found}”：运营商会拦截未报备的联系号码。请删除，或先通过供应商报备。",
        "the phone number “{found}”: operators block numbers to call that were not filed. Take it out, or have your"
        " vendor file it.",
    ),
    FindingCode.SERVICE_NUMBER: (
        "含有服务号码“{found}”（400、800、95、96等）：须与签名主体一致并已报备，否则可能被拦截。",
        "the service number “{found}” (400, 800, 95, 96): it may be blocked unless it belongs to the company of the"
        " signature and was filed.",
    ),
    FindingCode.WECHAT_ID: (
        "含有微信号或引导添加微信“{found}”：运营商视为导流，会被拦截。请删除。",
        "the WeChat id “{found}”: operators take it for luring people elsewhere, and block it. Take it out.",
    ),
    FindingCode.QQ_ID: (
        "含有QQ号或QQ群号“{found}”：运营商视为导流，会被拦截。请删除。",
        "the QQ id “{found}”: operators take it for luring people elsewhere, and block it. Take it out.",
    ),
    FindingCode.BRACKETS: (
        "正文中出现“{found}”：【】只用于签名，只能有一对，且在开头或结尾；多出的可能被当作签名而拒发。请换用其他括号。",
        "“{found}” within the text: 【】 is for the signature alone, once, at the beginning or the end; another may be"
        " taken for one and refused. Use other brackets.",
    ),
    FindingCode.NO_OPT_OUT: (
        "营销短信没有有效的退订方式：结尾须注明“拒收请回复R”，否则会被拦截。",
        "a marketing text without a way to opt out that works: it must end with 拒收请回复R, or it is blocked.",
    ),
    FindingCode.VARIABLE_SIGN: (
        "变量符号“{found}”会原样发出：这里的变量只写作{{name}}，前面没有$、#或%，且只能用在模板中。",
        "“{found}” is sent as it stands: here a variable is written {{name}}, without $, # or % before it, and in a"
        " template alone.",
    ),
    FindingCode.INVISIBLE: (
        "含有不可见字符{found}：收件人看不到，但会计费，也常被当作规避审核而拦截。请删除。",
        "{found}: nobody sees it, it is billed, and operators may take it for a trick against their filters. Take it"
        " out.",
    ),
    FindingCode.FOREIGN_SIGNATURE: (
        "签名“{found}”不是所用账号的签名：未报备的签名会被拒发。请改用账号的签名，或先报备。",
        "the signature “{found}” is none of the accounts': a signature that was not filed is refused. Use an account's"
        " own, or have it filed.",
    ),
}


def said(finding: Finding) -> dict[str, Any]:
    """A finding as clients read it: with what it means, and what to do about it."""
    chinese, english = _meaning(finding)
    return finding._asdict() | {"zh": chinese, "en": english}


def said_together(finding: Finding) -> str:
    """A finding's place in its text, and what it means, as one sentence of both languages: of a refusal."""
    chinese, english = _meaning(finding)
    place = f"at character {finding.start + 1}: " if finding.found else ""
    return f"{place}{english} {chinese}"


def _meaning(finding: Finding) -> tuple[str, str]:
    """What a finding means, in Chinese and in English."""
    shown = named(finding.found) if finding.code == FindingCode.INVISIBLE else finding.found
    chinese, english = _WORDS[finding.code]
    return chinese.format(found=shown), english.format(found=shown)
