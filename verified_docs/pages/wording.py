"""The words of prose that claim a result: that something wins, that it is the same, or that all runs of it failed.

What is asked, expected, reported or denied in the same clause claims nothing.
"""

from __future__ import annotations

import re

_SAME = re.compile(
    r"\b(as (good|well) as( any)?|about (as good|the same)|no (better|worse)|(do|does|did) not (help|harm|matter)|"
    r"makes? no difference|hardly matters?|nothing useful|(none|no \w+) (gains?|helps?|harms?))\b",
    re.IGNORECASE,
)
_WINS = re.compile(
    r"\b(better|worse|ahead|behind|beats?|beaten|wins?|outperforms?|superior|helps?|helped|harms?|harmed|hurts?|"
    r"improves?|improved|gains?|gained|(is|are|was) worth|pays?|several points|with [\w,]+ it (does|did))\b",
    re.IGNORECASE,
)
# Said without a number beside a program, these claim a result.
TOLD = re.compile(
    r"\b((is|are|was|were) (ahead|behind|superior|(better|worse)(?= than|[.,;:)]))|(do|does|did) not (help|harm)|"
    r"helped|harmed|(do|does) harm|helps|harms|beats?|wins|outperforms|as (good|well) as any|"
    r"(is|are) no (better|worse)|nothing useful)\b",
    re.IGNORECASE,
)
# Before the word and in its clause: what follows is asked, expected, reported or set as a condition; or is denied.
_ASKED = re.compile(
    r"\b(whether|if|which of|which one|would|may|might|could|should|can|cannot|need not|must not|perhaps|expect|wants?|"
    r"try|suppose|looks?|hard|said|says|reports?|promised?|called)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(no \w+|none|nothing|not|hardly|nor|never)\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"(: )?That (?!is|are|was|were|has|have|does|goes|makes|means|holds)[^:;]*:"
)  # "That it helps: …"
_NOT_KNOWN = re.compile(
    r"\b(not (surely|seen|shown|found|decided|told)|(cannot|can't) (tell|say)|(does|do) not say|(nothing|no \w+) "
    r"(that )?(can|could) be (seen|told)|says? nothing|undecided|put the \w+ in no order)\b",
    re.IGNORECASE,
)
OF_A_RUN = re.compile(
    r"\b(this|these|that|those|one|single|both|two|three|five|ten|\ue000) (\w+ )?(runs?|seeds?)\b|\ba single run\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:]|, (?=(and|but|so|though|while|which)\b)| – |\(|\)")
COUNTED = re.compile(
    r"\b(?P<all>every|all|each)( of)?( (its|the|their))?( \w+)? runs?\b[^.;]*?\b(NaN|diverged?|failed|collapsed)|"
    r"\b(?P<none>no|none of( \w+)*) runs?\b[^.;]*?\b(NaN|diverged?|failed|collapsed)|"
    r"\bruns? (never|always) (?P<word>diverged?|fail|failed|ended in NaN)",
    re.IGNORECASE,
)


def claim_of(text: str) -> tuple[str, str]:
    """Whether the words say that something wins, or that it is the same, and by which word; empty where neither."""
    for match in _SAME.finditer(text):
        if not _before(_ASKED, text, match.start()):
            return "same", match[0]
    for match in _WINS.finditer(text):
        if not _before(_ASKED, text, match.start()) and not _before(_DENIED, text, match.start()):
            return "wins", match[0]
    return "", ""


def _before(what: re.Pattern[str], text: str, place: int) -> bool:
    """Whether it stands in the same clause before `place`, or the sentence is a question otherwise."""
    question = _QUESTION.match(text)
    begins = max((match.end() for match in _CLAUSE.finditer(text, 0, place)), default=0)
    part = text[text.rfind(";", 0, place) + 1 :].partition(";")[0]
    asked = question is not None and place < question.end()
    return asked or bool(what.search(text[begins:place]) or _NOT_KNOWN.search(part))
